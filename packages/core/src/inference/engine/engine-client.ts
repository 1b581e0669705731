import type { ChildProcess } from 'node:child_process';
import { VistazoError } from '../../errors.js';
import { forkModule } from '../../processes/fork-module.js';
import type { ModelDescription } from '../files/model-folder.js';
import { forgetOnDisk } from '../kv/disk-store.js';
import type { EngineOptions, EngineReply, EngineRequest } from './engine-protocol.js';

type WithoutId<T> = T extends { id: number } ? Omit<T, 'id'> : never;
type Work = WithoutId<Exclude<EngineRequest, { type: 'load' | 'abort' }>>;

/** How long an engine may take to react to an abort before it is killed. */
const abortGraceMs = 10_000;

interface Waiting {
  onReply: (reply: EngineReply) => void;
  onCrash: (error: VistazoError) => void;
}

/** The engine as the main process sees it: starts the process, starts it again when it died. */
export class EngineClient {
  readonly #description: Promise<ModelDescription>;
  readonly #options: EngineOptions;
  readonly #waiting = new Map<number, Waiting>();
  #child: Promise<ChildProcess> | undefined;
  #nextId = 1;
  #closed = false;

  /** `description` is awaited only when the process has been started, which takes a while as well. */
  constructor(description: Promise<ModelDescription>, options: EngineOptions) {
    this.#description = description;
    this.#options = options;
  }

  /** Starts the process and loads the model. Throws what loading throws. */
  async start(): Promise<void> {
    await this.#ready();
  }

  /** A closed one does not start its process again. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Id of the process, for operators. */
  async pid(): Promise<number | undefined> {
    return (await this.#ready()).pid;
  }

  /**
   * Sends work and yields its replies. Throws `engine.crashed` when the process dies meanwhile.
   * An aborted `signal` is passed on; a process that does not react to it is killed.
   */
  async *run(work: Work, signal?: AbortSignal): AsyncGenerator<EngineReply> {
    const child = await this.#ready();
    const id = this.#nextId++;
    const inbox = new Inbox<EngineReply>();
    this.#waiting.set(id, {
      onReply: (reply) => inbox.push(reply),
      onCrash: (error) => inbox.fail(error),
    });
    let killer: NodeJS.Timeout | undefined;
    const abort = () => {
      send(child, { type: 'abort', id });
      killer = setTimeout(() => child.kill('SIGKILL'), abortGraceMs);
    };
    try {
      send(child, { ...work, id });
      if (signal?.aborted) abort();
      signal?.addEventListener('abort', abort, { once: true });
      for await (const reply of inbox) {
        if (reply.type === 'done') return;
        if (reply.type === 'failed') throw VistazoError.fromJSON(reply.error);
        yield reply;
      }
    } finally {
      clearTimeout(killer);
      signal?.removeEventListener('abort', abort);
      // The caller may have stopped listening before the end; then nobody needs the rest.
      if (this.#waiting.delete(id) && !inbox.ended) send(child, { type: 'abort', id });
    }
  }

  /** Drops what is kept of a scope, in the process and on disk. */
  async forget(cacheScope: string): Promise<void> {
    try {
      if (this.#child !== undefined)
        for await (const _ of this.run({ type: 'forget', cacheScope }));
    } catch {
      // Whatever ended the process, or kept it from starting again, ended what it kept in memory.
    }
    const { kvCache } = this.#options;
    if (kvCache !== undefined) await forgetOnDisk(kvCache.folder, cacheScope);
  }

  /** Ends the process. Work in progress fails with `engine.closed`. */
  async close(): Promise<void> {
    this.#closed = true;
    const child = await this.#child?.catch(() => undefined);
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await exited;
  }

  #ready(): Promise<ChildProcess> {
    if (this.#closed) {
      return Promise.reject(
        new VistazoError('engine.closed', 'The model was closed; create it again.'),
      );
    }
    this.#child ??= this.#startChild().catch((error: unknown) => {
      this.#child = undefined;
      throw error;
    });
    return this.#child;
  }

  async #startChild(): Promise<ChildProcess> {
    const child = forkModule(new URL('./engine-process.js', import.meta.url));
    child.on('message', (reply: EngineReply) => this.#waiting.get(reply.id)?.onReply(reply));
    child.once('exit', (code, signal) => this.#onExit(`${signal ?? `exit code ${code}`}`));
    const id = this.#nextId++;
    const loaded = new Promise<void>((resolve, reject) => {
      this.#waiting.set(id, {
        onReply: (reply) =>
          reply.type === 'failed' ? reject(VistazoError.fromJSON(reply.error)) : resolve(),
        onCrash: reject,
      });
    });
    const asked = this.#description.then((description) =>
      send(child, { type: 'load', id, description, ...this.#options }),
    );
    try {
      await Promise.all([asked, loaded]);
      return child;
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    } finally {
      this.#waiting.delete(id);
    }
  }

  #onExit(reason: string): void {
    this.#child = undefined;
    const error = this.#closed
      ? new VistazoError('engine.closed', 'The model was closed while it answered.')
      : new VistazoError(
          'engine.crashed',
          `The engine process ended (${reason}); ask again. If it goes on, choose a smaller variant.`,
        );
    for (const waiting of this.#waiting.values()) waiting.onCrash(error);
    this.#waiting.clear();
  }
}

function send(child: ChildProcess, message: EngineRequest): void {
  if (child.connected) child.send(message);
}

/** A queue with one reader. */
class Inbox<T> implements AsyncIterable<T> {
  readonly #items: T[] = [];
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  get ended(): boolean {
    return this.#error !== undefined;
  }

  push(item: T): void {
    this.#items.push(item);
    this.#wake?.();
  }

  fail(error: Error): void {
    this.#error = error;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    while (true) {
      const item = this.#items.shift();
      if (item !== undefined) yield item;
      else if (this.#error !== undefined) throw this.#error;
      else await this.#woken();
    }
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
