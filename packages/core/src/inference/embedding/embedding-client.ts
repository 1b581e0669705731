import type { ChildProcess } from 'node:child_process';
import { VistazoError } from '../../errors.js';
import { forkModule } from '../../processes/fork-module.js';
import { unlessAborted } from '../../unless-aborted.js';
import type { EmbeddingModelDescription } from '../files/embedding-folder.js';
import type { EmbeddingReply, EmbeddingRequest, EmbeddingWork } from './embedding-protocol.js';

interface Waiting {
  resolve: (reply: EmbeddingReply) => void;
  reject: (error: Error) => void;
}

/** A process with a loaded model. */
interface Loaded {
  child: ChildProcess;
  dimensions: number;
}

/** Starts the process that makes embeddings, and starts it anew after it has died. */
export class EmbeddingClient {
  readonly #description: EmbeddingModelDescription;
  readonly #intraOpThreads: number | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #loaded: Promise<Loaded> | undefined;
  #child: ChildProcess | undefined;
  #nextId = 1;
  #isClosed = false;

  constructor(description: EmbeddingModelDescription, intraOpThreads: number | undefined) {
    this.#description = description;
    this.#intraOpThreads = intraOpThreads;
  }

  /** Starts the process and loads the model; gives the numbers of an embedding. Throws what loading throws. */
  async start(): Promise<number> {
    return (await this.#ready()).dimensions;
  }

  /** Id of the process, for operators. */
  async pid(): Promise<number | undefined> {
    return (await this.#ready()).child.pid;
  }

  /**
   * Embeddings of the work. It is tried once more when the process dies meanwhile; then throws
   * `engine.crashed`. An abort rejects at once with the reason of the signal.
   */
  async embed(work: EmbeddingWork, signal: AbortSignal | undefined): Promise<Float32Array[]> {
    try {
      return await this.#attempt(work, signal);
    } catch (error) {
      const isCrash = error instanceof VistazoError && error.code === 'engine.crashed';
      if (!isCrash || signal?.aborted) throw error;
      return this.#attempt(work, signal);
    }
  }

  async #attempt(work: EmbeddingWork, signal: AbortSignal | undefined): Promise<Float32Array[]> {
    signal?.throwIfAborted();
    const { child } = await unlessAborted(this.#ready(), signal);
    const id = this.#nextId++;
    const replied = this.#ask(child, { ...work, id });
    try {
      const reply = await unlessAborted(replied, signal);
      return reply.type === 'done' ? reply.embeddings : [];
    } catch (error) {
      if (this.#waiting.delete(id)) send(child, { type: 'abort', id });
      throw error;
    }
  }

  /** Ends the process. Work in progress fails with `engine.closed`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await exited;
  }

  #ready(): Promise<Loaded> {
    if (this.#isClosed) return Promise.reject(this.#endError(''));
    this.#loaded ??= this.#load().catch((error: unknown) => {
      this.#loaded = undefined;
      throw error;
    });
    return this.#loaded;
  }

  async #load(): Promise<Loaded> {
    const child = forkModule(new URL('./embedding-process.js', import.meta.url));
    this.#child = child;
    const end = (reason: string) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#loaded = undefined;
      const error = this.#endError(reason);
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    };
    child.on('message', (reply: EmbeddingReply) => this.#take(reply));
    child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`));
    child.on('error', (error) => {
      child.kill('SIGKILL');
      end(error.message);
    });
    const id = this.#nextId++;
    try {
      const reply = await this.#ask(child, {
        type: 'load',
        id,
        description: this.#description,
        intraOpThreads: this.#intraOpThreads,
      });
      return { child, dimensions: reply.type === 'loaded' ? reply.dimensions : 0 };
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  #ask(child: ChildProcess, request: EmbeddingRequest): Promise<EmbeddingReply> {
    const replied = new Promise<EmbeddingReply>((resolve, reject) => {
      this.#waiting.set(request.id, { resolve, reject });
    });
    send(child, request);
    return replied;
  }

  #take(reply: EmbeddingReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.type === 'failed') waiting?.reject(VistazoError.fromJSON(reply.error));
    else waiting?.resolve(reply);
  }

  #endError(reason: string): VistazoError {
    return this.#isClosed
      ? new VistazoError('engine.closed', 'The model was closed; create it again.')
      : new VistazoError(
          'engine.crashed',
          `The process that makes embeddings ended (${reason}); ask again. If it goes on, choose a smaller variant.`,
        );
  }
}

function send(child: ChildProcess, message: EmbeddingRequest): void {
  // A process that ended meanwhile fails its work by its end; without a listener the error would end this process.
  if (child.connected) child.send(message, () => {});
}
