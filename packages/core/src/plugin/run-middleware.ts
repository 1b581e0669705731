import { VistazoError } from '../errors.js';
import { runInPlugin, runOutsidePlugins } from './plugin-scope.js';

/** Does work of the bot that a plugin waits for, without counting its time as the plugin's. @internal */
export type Aside = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** A middleware as it is run, and the plugin it belongs to. @internal */
export interface PluginMiddleware {
  plugin: string;
  run(next: () => Promise<void>, aside: Aside): Promise<void>;
}

/** Told which plugin failed, and how; its work goes on without it. */
export type ReportFault = (plugin: string, error: VistazoError) => void;

/** How faults of plugins are contained. @internal */
export interface Containment {
  /** Longest time of a plugin's own for one step. */
  timeoutMs: number;
  report: ReportFault;
}

/**
 * Runs middleware one inside the other, and `last` in the middle. One that throws, or takes longer than
 * `timeoutMs` without counting what comes next, is reported and left out; one that does not call `next`
 * keeps the rest from being asked. An error that the plugin's code lets slip, as by a forgotten `await`, is its fault
 * like one that it throws. @internal
 */
export async function runMiddleware(
  chain: readonly PluginMiddleware[],
  containment: Containment,
  last: () => Promise<void> = async () => {},
): Promise<void> {
  const [first, ...rest] = chain;
  if (first === undefined) return last();
  const runRest = () => runMiddleware(rest, containment, last);
  const clock = new Clock(containment.timeoutMs);
  const slipped = Promise.withResolvers<never>();
  // It may slip when nobody waits any more.
  slipped.promise.catch(() => {});
  let state: 'before' | 'next' | 'over' = 'before';
  let later: Promise<void> | undefined;
  const next = async () => {
    if (state !== 'before') throw calledTwice(first.plugin, state);
    state = 'next';
    later = clock.aside(runRest);
    await later;
  };
  const report = (error: unknown) =>
    containment.report(first.plugin, toPluginError(first.plugin, error));
  const step = {
    plugin: first.plugin,
    fail: (error: unknown) => (state === 'over' ? report(error) : slipped.reject(error)),
  };
  clock.start();
  try {
    const own = runInPlugin(step, () => first.run(next, clock.aside));
    await Promise.race([own, clock.ranOut, slipped.promise]);
  } catch (error) {
    const wasBefore = (state as typeof state) === 'before';
    state = 'over';
    report(error);
    if (wasBefore) await runRest();
  } finally {
    state = 'over';
    clock.end();
    // A plugin that did not wait for the rest is waited for; what fails there is told to it.
    await later?.catch(() => {});
  }
}

/** Counts down while it is started and no work of others is waited for. */
class Clock {
  readonly #ranOut = Promise.withResolvers<never>();
  #leftMs: number;
  #startedAtMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #waits = 0;
  #isOver = false;

  constructor(limitMs: number) {
    this.#leftMs = limitMs;
    // It may run out when nobody waits any more.
    this.#ranOut.promise.catch(() => {});
  }

  get ranOut(): Promise<never> {
    return this.#ranOut.promise;
  }

  readonly aside: Aside = async (work) => {
    this.#waits += 1;
    this.stop();
    try {
      return await runOutsidePlugins(work);
    } finally {
      this.#waits -= 1;
      if (this.#waits === 0 && !this.#isOver) this.start();
    }
  };

  end(): void {
    this.#isOver = true;
    this.stop();
  }

  start(): void {
    this.#startedAtMs = performance.now();
    this.#timer = setTimeout(
      () => this.#ranOut.reject(new Error('It took too long.')),
      this.#leftMs,
    );
  }

  stop(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#leftMs = Math.max(0, this.#leftMs - (performance.now() - this.#startedAtMs));
  }
}

function calledTwice(plugin: string, state: 'next' | 'over'): VistazoError {
  const mistake = state === 'next' ? 'called next() twice' : 'called next() after it was left out';
  return new VistazoError('plugin.failed', `The plugin ${plugin} ${mistake}.`);
}

function toPluginError(plugin: string, cause: unknown): VistazoError {
  if (cause instanceof VistazoError && cause.code.startsWith('plugin.')) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new VistazoError('plugin.failed', `The plugin ${plugin} failed: ${reason}`, { cause });
}
