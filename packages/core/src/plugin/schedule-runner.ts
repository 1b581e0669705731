import type { Clock } from './clock.js';
import { type Containment, runMiddleware } from './run-middleware.js';
import type { Schedule } from './schedule.js';

/** What schedules are run with. @internal */
export interface ScheduleRunnerOptions {
  clock: Clock;
  report: Containment['report'];
  /** Whether this process is the first to take this time of a schedule. */
  claim: (plugin: string, schedule: string, atMs: number) => Promise<boolean>;
}

const defaultTimeoutMs = 300_000;

/** Does the scheduled work of plugins at its times. @internal */
export class ScheduleRunner {
  #stopping = new AbortController();
  readonly #timers = new Set<() => void>();
  readonly #running = new Set<Promise<void>>();

  constructor(private readonly options: ScheduleRunnerOptions) {}

  start(schedules: readonly { plugin: string; schedule: Schedule }[]): void {
    this.#stopping = new AbortController();
    for (const { plugin, schedule } of schedules) this.#plan(plugin, schedule);
  }

  /** Cancels what is planned, and asks what runs to end. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    await Promise.all(this.#running);
  }

  #plan(plugin: string, schedule: Schedule): void {
    const { clock } = this.options;
    const atMs = schedule.nextAfter(clock.nowMs());
    if (atMs === undefined || this.#stopping.signal.aborted) return;
    const cancel = clock.after(atMs - clock.nowMs(), () => {
      this.#timers.delete(cancel);
      this.#plan(plugin, schedule);
      const work = this.#run(plugin, schedule, atMs).finally(() => this.#running.delete(work));
      this.#running.add(work);
      return work;
    });
    this.#timers.add(cancel);
  }

  #run(plugin: string, { name, run, timeoutMs = defaultTimeoutMs }: Schedule, atMs: number) {
    const { report, claim } = this.options;
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(timeoutMs)]);
    const work = async () => {
      if (await claim(plugin, name, atMs)) await run({ signal, atMs });
    };
    return runMiddleware([{ plugin, run: work }], { timeoutMs, report });
  }
}
