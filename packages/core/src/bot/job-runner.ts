import { VistazoError } from '../errors.js';
import type { Job, JobStore, MessageKey } from '../store/job-store.js';
import { messageKeyOf } from './turn-ids.js';

/** Options of a {@link JobRunner}. @internal */
export interface JobRunnerOptions {
  jobs: JobStore;
  /** Names of the adapters whose jobs are done here. */
  adapters: readonly string[];
  /** Does all of a job, its end included; throws `job.lost` or what `signal` is aborted with. */
  work: (job: Job, signal: AbortSignal) => Promise<void>;
  leaseMs: number;
  /** Most jobs at once. */
  maxConcurrent: number;
  /** How often is looked for jobs of other processes, and for those whose time has come. */
  pollMs: number;
  /** Told when the store fails, which is tried again. */
  onStoreFailure: (work: 'lease' | 'renew' | 'postpone', error: unknown) => void;
}

interface RunningJob {
  job: Job;
  stop: AbortController;
  done: Promise<void>;
}

const firstRetryMs = 1000;
const longestRetryMs = 60_000;

/** Leases jobs and does them side by side, as long as it holds their leases. @internal */
export class JobRunner {
  readonly #running = new Set<RunningJob>();
  readonly #stopping = new AbortController();
  #woken = Promise.withResolvers<void>();
  #loop: Promise<void> = Promise.resolve();

  constructor(private readonly options: JobRunnerOptions) {}

  start(): void {
    this.#loop = this.#run();
  }

  /** There may be a new job. */
  wake(): void {
    this.#woken.resolve();
    this.#woken = Promise.withResolvers();
  }

  /** Messages were changed, deleted or replaced; who answers them here need not find out by itself. */
  lose(isLost: (message: MessageKey) => boolean): void {
    for (const { job, stop } of this.#running) if (isLost(messageKeyOf(job))) stop.abort(lost());
  }

  /** Takes no more jobs, finishes those it has within `drainMs`, and hands the rest back. */
  async stop(drainMs: number): Promise<void> {
    this.#stopping.abort();
    this.wake();
    await this.#loop;
    const rest = setTimeout(() => {
      for (const { stop } of this.#running) stop.abort(withdrawn());
    }, drainMs);
    await Promise.all([...this.#running].map(({ done }) => done));
    clearTimeout(rest);
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const woken = this.#woken.promise;
      const job = await this.#lease();
      if (job === undefined) await Promise.race([woken, this.#pause()]);
      else this.#begin(job);
    }
  }

  async #lease(): Promise<Job | undefined> {
    const { jobs, adapters, leaseMs, maxConcurrent, onStoreFailure } = this.options;
    if (this.#running.size >= maxConcurrent) return undefined;
    // A store that cannot be used now is asked again after a pause.
    return jobs
      .lease(adapters, leaseMs)
      .catch((error: unknown) => void onStoreFailure('lease', error));
  }

  async #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.options.pollMs);
    await Promise.race([promise, ...[...this.#running].map(({ done }) => done)]);
    clearTimeout(timer);
  }

  #begin(job: Job): void {
    const stop = new AbortController();
    const done = this.#do(job, stop).finally(() => {
      this.#running.delete(running);
      this.wake();
    });
    const running = { job, stop, done };
    this.#running.add(running);
  }

  async #do(job: Job, stop: AbortController): Promise<void> {
    const renewing = setInterval(() => void this.#renew(job, stop), this.options.leaseMs / 3);
    try {
      await this.options.work(job, stop.signal);
    } catch (error) {
      await this.#giveBack(job, stop.signal.aborted ? stop.signal.reason : error);
    } finally {
      clearInterval(renewing);
    }
  }

  async #renew(job: Job, stop: AbortController): Promise<void> {
    try {
      await this.options.jobs.renew(job, this.options.leaseMs);
    } catch (error) {
      // When the store fails the lease may still hold; whoever takes it over raises the fence.
      if (isLost(error)) stop.abort(error);
      else this.options.onStoreFailure('renew', error);
    }
  }

  async #giveBack(job: Job, reason: unknown): Promise<void> {
    if (isLost(reason)) return;
    const delayMs = isWithdrawn(reason)
      ? 0
      : Math.min(longestRetryMs, firstRetryMs * 2 ** (job.attempts - 1));
    // What cannot be given back is leased again when its lease runs out.
    await this.options.jobs.postpone(job, delayMs).catch((error: unknown) => {
      if (!isLost(error)) this.options.onStoreFailure('postpone', error);
    });
  }
}

function lost(): VistazoError {
  return new VistazoError(
    'job.lost',
    'The message was changed or deleted; its job is another one.',
  );
}

function withdrawn(): VistazoError {
  return new VistazoError('generation.aborted', 'The bot stops; the message is answered later.');
}

function isLost(error: unknown): boolean {
  return error instanceof VistazoError && error.code === 'job.lost';
}

function isWithdrawn(error: unknown): boolean {
  return error instanceof VistazoError && error.code === 'generation.aborted';
}
