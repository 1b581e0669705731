import type { ChildProcess } from 'node:child_process';
import { VistazoError } from '../../errors.js';
import { forkModule } from '../../processes/fork-module.js';
import { unlessAborted } from '../../unless-aborted.js';
import type { ModelDescription } from '../files/model-folder.js';
import { forgetOnDisk } from '../kv/disk-store.js';
import type { EngineOptions, EngineReply, EngineRequest } from './engine-protocol.js';
import { EventQueue } from './event-queue.js';

type WithoutId<T> = T extends { id: number } ? Omit<T, 'id'> : never;
type Work = WithoutId<Exclude<EngineRequest, { type: 'load' | 'abort' }>>;

/** How long an engine may take to let go of aborted work, unless told otherwise. */
const defaultAbortGraceMs = 10_000;

interface Waiting {
  /** Whether the engine has replied to it. Before that it waits for its turn. */
  hasBegun: boolean;
  onReply: (reply: EngineReply) => void;
  onCrash: (error: Error) => void;
}

/** The engine was killed for aborted work of somebody else; this work had not begun. */
class KilledBefore extends Error {}

/** The engine as the main process sees it: starts the process, starts it again when it died. */
export class EngineClient {
  readonly #description: Promise<ModelDescription>;
  readonly #options: EngineOptions;
  readonly #abortGraceMs: number;
  readonly #waiting = new Map<number, Waiting>();
  #child: Promise<ChildProcess> | undefined;
  /** Processes that were killed for another one to take their place. */
  readonly #abandoned = new WeakSet<ChildProcess>();
  #tileMs: number | undefined;
  #nextId = 1;
  #closed = false;

  /**
   * `description` is awaited only when the process has been started, which takes a while as well.
   * `abortGraceMs` is how long the engine may take to let go of aborted work. Default 10 s.
   */
  constructor(
    description: Promise<ModelDescription>,
    options: EngineOptions,
    { abortGraceMs = defaultAbortGraceMs }: { abortGraceMs?: number } = {},
  ) {
    this.#description = description;
    this.#options = options;
    this.#abortGraceMs = abortGraceMs;
  }

  /**
   * Starts the process and loads the model. Gives how long a tile takes, in milliseconds, where that
   * is measured. Throws what loading throws.
   */
  async start(): Promise<number | undefined> {
    await this.#ready();
    return this.#tileMs;
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
   * An aborted `signal` ends the replies: at once where the work waits for its turn; otherwise with
   * its last reply, or without that when the engine does not let go of it in time.
   */
  async *run(work: Work, signal?: AbortSignal): AsyncGenerator<EngineReply> {
    while (!signal?.aborted) {
      try {
        return yield* this.#attempt(work, signal);
      } catch (error) {
        if (!(error instanceof KilledBefore)) throw error;
      }
    }
  }

  async *#attempt(work: Work, signal: AbortSignal | undefined): AsyncGenerator<EngineReply> {
    const child = await this.#readyFor(signal);
    if (child === undefined) return;
    const id = this.#nextId++;
    const inbox = new EventQueue<EngineReply>();
    const waiting: Waiting = {
      hasBegun: false,
      onReply: (reply) => {
        waiting.hasBegun = true;
        inbox.push(reply);
      },
      onCrash: (error) => inbox.fail(error),
    };
    this.#waiting.set(id, waiting);
    let grace: NodeJS.Timeout | undefined;
    const letGo = () => {
      this.#waiting.delete(id);
      inbox.end();
    };
    const abort = () => {
      send(child, { type: 'abort', id });
      if (!waiting.hasBegun) return letGo();
      grace = setTimeout(() => {
        letGo();
        this.#killUnlessNeeded(child);
      }, this.#abortGraceMs);
    };
    try {
      send(child, { ...work, id });
      signal?.addEventListener('abort', abort, { once: true });
      for await (const reply of inbox) {
        if (reply.type === 'done') return;
        if (reply.type === 'failed') throw VistazoError.fromJSON(reply.error);
        yield reply;
      }
    } finally {
      clearTimeout(grace);
      signal?.removeEventListener('abort', abort);
      // The caller may have stopped listening before the end; then nobody needs the rest.
      if (this.#waiting.delete(id) && !inbox.isEnded) send(child, { type: 'abort', id });
    }
  }

  /** Undefined when the signal comes first. */
  async #readyFor(signal: AbortSignal | undefined): Promise<ChildProcess | undefined> {
    try {
      return await unlessAborted(this.#ready(), signal);
    } catch (error) {
      if (signal?.aborted) return undefined;
      throw error;
    }
  }

  /** Ends a process that does not let go of aborted work, but not while it works for somebody else. */
  #killUnlessNeeded(child: ChildProcess): void {
    const others = [...this.#waiting.values()];
    if (others.some(({ hasBegun }) => hasBegun)) return;
    this.#abandoned.add(child);
    this.#child = undefined;
    this.#waiting.clear();
    for (const { onCrash } of others) onCrash(new KilledBefore());
    child.kill('SIGKILL');
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
    child.once('exit', (code, signal) => {
      if (!this.#abandoned.has(child)) this.#onExit(`${signal ?? `exit code ${code}`}`);
    });
    child.on('error', (error) => {
      child.kill('SIGKILL');
      if (!this.#abandoned.has(child)) this.#onExit(error.message);
    });
    const id = this.#nextId++;
    const loaded = new Promise<void>((resolve, reject) => {
      this.#waiting.set(id, {
        hasBegun: true,
        onReply: (reply) => {
          if (reply.type === 'loaded') this.#tileMs = reply.tileMs;
          if (reply.type === 'failed') reject(VistazoError.fromJSON(reply.error));
          else resolve();
        },
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
  // A process that ended meanwhile fails its work by its end; without a listener the error would end this process.
  if (child.connected) child.send(message, () => {});
}
