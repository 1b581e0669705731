import { Worker } from 'node:worker_threads';
import type { CacheScope } from '../../cache-scopes.js';
import { VistazoError } from '../../errors.js';
import type { TokenCount } from '../../generation/token-count.js';
import { unlessAborted } from '../../unless-aborted.js';
import type {
  CountingModel,
  CountingReply,
  CountingRequest,
  CountRequest,
} from './counting-protocol.js';

interface Waiting {
  onReply: (reply: CountingReply) => void;
  onEnd: (error: Error) => void;
}

/**
 * Counts tokens in a thread of its own: beside the main thread, which long texts would block, and beside
 * the engine, where a count would wait for an answer.
 */
export class CountingThread {
  readonly #model: CountingModel;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #nextId = 1;
  /** One count after the other, so that an aborted one need not be made. Never rejects. */
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor({ tokenizer, chatTemplate, templateVariables, family }: CountingModel) {
    this.#model = { tokenizer, chatTemplate, templateVariables, family };
  }

  /** Starts the thread ahead of the first count. */
  start(): void {
    this.#ready();
  }

  /**
   * The tokens of messages. What is found is kept for counts of the same scope. An abort rejects with the
   * reason of the signal. Throws `engine.closed`.
   */
  count(
    request: CountRequest,
    scope: CacheScope,
    signal: AbortSignal | undefined,
  ): Promise<TokenCount> {
    const work = this.#last.then(async () => {
      signal?.throwIfAborted();
      const cacheScope = scope.isForgotten ? null : scope.name;
      const reply = await this.#ask({ type: 'count', id: this.#nextId++, request, cacheScope });
      if (reply.type === 'count') return reply.count;
      throw new VistazoError('internal', 'The counting thread gave no count.');
    });
    this.#last = work.catch(() => {});
    return unlessAborted(work, signal);
  }

  /** Drops what is kept of a scope. */
  async forget(cacheScope: string): Promise<void> {
    if (this.#worker === undefined) return;
    // When the thread ends meanwhile, nothing is kept any more.
    await this.#ask({ type: 'forget', id: this.#nextId++, cacheScope }).catch(() => {});
  }

  /** Ends the thread. Counts under way fail with `engine.closed`. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker?.terminate();
  }

  #ask(request: CountingRequest): Promise<CountingReply> {
    const { id } = request;
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        this.#waiting.delete(id);
        act();
      };
      this.#waiting.set(id, {
        onReply: (reply) =>
          settle(() => {
            if (reply.type === 'failed') reject(VistazoError.fromJSON(reply.error));
            else resolve(reply);
          }),
        onEnd: (error) => settle(() => reject(error)),
      });
      try {
        this.#ready().postMessage(request);
      } catch (error) {
        settle(() => reject(error));
      }
    });
  }

  #ready(): Worker {
    if (this.#closed) throw closedError();
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(new URL('./counting-worker.js', import.meta.url), {
      workerData: this.#model,
      env: {},
    });
    worker.on('message', (reply: CountingReply) => this.#waiting.get(reply.id)?.onReply(reply));
    worker.on('error', (cause) => this.#onEnd(worker, cause));
    worker.on('exit', () => this.#onEnd(worker));
    this.#worker = worker;
    return worker;
  }

  /** The next count starts another thread. */
  #onEnd(worker: Worker, cause?: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const error = this.#closed
      ? closedError()
      : new VistazoError('internal', 'The counting thread ended; ask again.', { cause });
    for (const { onEnd } of this.#waiting.values()) onEnd(error);
  }
}

function closedError(): VistazoError {
  return new VistazoError('engine.closed', 'The model was closed; create it again.');
}
