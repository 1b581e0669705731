import { VistazoError } from '../errors.js';

/** Runs work one at a time for each key, in the order it came. @internal */
export class TurnQueue {
  readonly #last = new Map<string, Promise<void>>();

  /** Throws `generation.aborted` when `signal` aborts while waiting. */
  async run<Result>(
    key: string,
    work: () => Promise<Result>,
    signal?: AbortSignal,
  ): Promise<Result> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const { promise: done, resolve: finish } = Promise.withResolvers<void>();
    const mine = before.then(() => done);
    this.#last.set(key, mine);
    try {
      await untilAborted(before, signal);
      return await work();
    } finally {
      finish();
      if (this.#last.get(key) === mine) this.#last.delete(key);
    }
  }
}

function untilAborted(before: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return before;
  if (signal.aborted) return Promise.reject(withdrawn());
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(withdrawn());
    signal.addEventListener('abort', onAbort, { once: true });
    before.then(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
  });
}

/** The message was stopped before it was accepted. @internal */
export function withdrawn(cause?: unknown): VistazoError {
  const sentence = 'The message was stopped before it was accepted; send it again.';
  return new VistazoError('generation.aborted', sentence, { cause });
}
