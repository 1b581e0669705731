import { type ErrorCode, VistazoError } from '../errors.js';
import type { Job, JobId, JobStore, MessageKey } from '../store/job-store.js';
import { isUndeliverable, retryDelayMs } from './delivery-bounds.js';
import { messageKeyOf } from './turn-ids.js';

/** Options of a {@link JobRunner}. @internal */
export interface JobRunnerOptions {
  jobs: JobStore;
  /** Names of the adapters whose jobs are done here. */
  adapters: readonly string[];
  /**
   * Does all of a job, its end included; throws `job.lost` or what `signal` is aborted with. When `stopped`
   * is, its person does not want the answer any more.
   */
  work: (job: Job, signal: AbortSignal, stopped: AbortSignal) => Promise<void>;
  leaseMs: number;
  /** Most jobs at once. */
  maxConcurrent: number;
  /** Most jobs of one person at once, of all processes. */
  maxRunningPerPerson: number;
  /** How often is looked for jobs of other processes, and for those whose time has come. */
  pollMs: number;
  /** Told when the store fails, which is tried again. */
  onStoreFailure: (work: 'lease' | 'renew' | 'postpone', error: unknown) => void;
}

interface RunningJob {
  job: Job;
  stop: AbortController;
  stopped: AbortController;
  done: Promise<void>;
}

/** Leases jobs and does them side by side, as long as it holds their leases. @internal */
export class JobRunner {
  readonly #running = new Set<RunningJob>();
  readonly #stopping = new AbortController();
  #woken = Promise.withResolvers<void>();
  #loop: Promise<void> = Promise.resolve();
  #looking: NodeJS.Timeout | undefined;

  constructor(private readonly options: JobRunnerOptions) {}

  start(): void {
    this.#loop = this.#run();
    // A person may say to another process that they do not want the answer.
    this.#looking = setInterval(() => void this.#lookForStops(), this.options.pollMs).unref();
  }

  /** There may be a new job. */
  wake(): void {
    this.#woken.resolve();
    this.#woken = Promise.withResolvers();
  }

  /** Messages were changed, deleted or replaced; who answers them here need not find out by itself. */
  lose(isLost: (message: MessageKey, job: Job) => boolean): void {
    for (const { job, stop } of this.#running)
      if (isLost(messageKeyOf(job), job)) stop.abort(lost());
  }

  /** Their people do not want the answers any more. */
  stopAnswers(isStopped: (message: MessageKey) => boolean): void {
    for (const { job, stopped } of this.#running) if (isStopped(messageKeyOf(job))) stopped.abort();
  }

  async #lookForStops(): Promise<void> {
    const ids = [...this.#running].map(({ job }) => job.id);
    // The next look may find the store well again.
    const wanted = await this.options.jobs.stopRequested(ids).catch((): JobId[] => []);
    for (const { job, stopped } of this.#running) if (wanted.includes(job.id)) stopped.abort();
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
    clearInterval(this.#looking);
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
    const { jobs, adapters, leaseMs, maxConcurrent, maxRunningPerPerson, onStoreFailure } =
      this.options;
    if (this.#running.size >= maxConcurrent) return undefined;
    // A store that cannot be used now is asked again after a pause.
    return jobs
      .lease(adapters, leaseMs, maxRunningPerPerson)
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
    const stopped = new AbortController();
    if (job.isStopRequested) stopped.abort();
    const done = this.#do(job, stop, stopped.signal).finally(() => {
      this.#running.delete(running);
      this.wake();
    });
    const running = { job, stop, stopped, done };
    this.#running.add(running);
  }

  async #do(job: Job, stop: AbortController, stopped: AbortSignal): Promise<void> {
    const renewing = setInterval(() => void this.#renew(job, stop), this.options.leaseMs / 3);
    try {
      await this.options.work(job, stop.signal, stopped);
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
    const { jobs } = this.options;
    const giving = isUndeliverable(reason)
      ? jobs.end(job)
      : jobs.postpone(job, retryDelayMs(job, reason));
    // What cannot be given back is leased again when its lease runs out.
    await giving.catch((error: unknown) => {
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
  return hasCode(error, 'job.lost');
}

function hasCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof VistazoError && error.code === code;
}
