import type { ChildProcess } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { toVistazoError, VistazoError } from '../../errors.js';
import { usageOf } from '../../media/video/process-usage.js';
import { FrameReader, frameOf } from '../../processes/frames.js';
import { spawnModule } from '../../processes/spawn-module.js';
import type { HostServices } from '../registration.js';
import { answerOutside } from './answer-outside.js';
import { closeInspector } from './close-inspector.js';
import { parseFromPlugin } from './from-plugin-schema.js';
import { MessageBudget, maxMessageBytes } from './message-budget.js';
import { permissionFlags } from './permissions.js';
import type {
  Effects,
  FromPlugin,
  HandlerDescription,
  HandlerInput,
  Question,
  ToPlugin,
} from './protocol.js';

/** How the bot serves a call of a handler: takes what it did, and answers what it asks. @internal */
export interface CallHost {
  take?(effects: Effects): void;
  /** Default: what can be asked outside of calls. */
  answer?(question: Question): Promise<unknown>;
  signal?: AbortSignal;
}

interface Running {
  child: ChildProcess;
  pipe: Duplex;
  handlers: readonly HandlerDescription[];
}

interface Call extends CallHost {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

const pingEveryMs = 1000;
/** A process that does nothing else for so long hangs. */
const silentMs = 10_000;
/** Most memory, heap and all; looked at on Linux alone. */
const maxMemoryBytes = 768 * 2 ** 20;
/** Most questions that are answered at once. */
const maxAnswering = 1000;
/** Most bytes that wait for the process to read them. */
const maxUnreadBytes = 256 * 2 ** 20;

/**
 * The process that one isolated plugin lives in. It is started when it is needed, killed when it hangs,
 * and started again after it died. @internal
 */
export class PluginProcess {
  #running: Promise<Running> | undefined;
  readonly #calls = new Map<number, Call>();
  #nextId = 1;
  #answering = 0;

  constructor(
    private readonly name: string,
    /** Address of the module whose default export the plugin is, and the configuration for it. */
    private readonly isolation: { module: string; given: unknown },
    private readonly services: HostServices,
  ) {}

  /** What the plugin registered. Throws what its setup throws. */
  async handlers(): Promise<readonly HandlerDescription[]> {
    return (await this.#ready()).handlers;
  }

  /** Calls a handler. Throws what it throws, and `plugin.failed` when the process ends before it answered. */
  async call(handler: number, input: HandlerInput, host: CallHost = {}): Promise<unknown> {
    const { pipe } = await this.#ready();
    const id = this.#nextId++;
    const abort = () => this.#send(pipe, { type: 'abort', id });
    try {
      return await new Promise((resolve, reject) => {
        this.#calls.set(id, { ...host, resolve, reject });
        host.signal?.addEventListener('abort', abort, { once: true });
        const nowMs = this.services.nowMs();
        this.#send(pipe, { type: 'call', id, handler, input, nowMs });
      });
    } finally {
      this.#calls.delete(id);
      host.signal?.removeEventListener('abort', abort);
    }
  }

  async close(): Promise<void> {
    const running = await this.#running?.catch(() => undefined);
    this.#running = undefined;
    running?.child.kill('SIGKILL');
  }

  #ready(): Promise<Running> {
    this.#running ??= this.#start().catch((error: unknown) => {
      this.#running = undefined;
      throw error;
    });
    return this.#running;
  }

  async #start(): Promise<Running> {
    closeInspector(this.name);
    const { module, given: config } = this.isolation;
    const started = spawnModule(new URL('./child.js', import.meta.url), permissionFlags(module));
    const { child, pipe } = started;
    const reader = new FrameReader(maxMessageBytes);
    const budget = new MessageBudget();
    let heardAtMs = performance.now();
    return new Promise((resolve, reject) => {
      let why = 'ended';
      const watch = setInterval(() => {
        if (memoryOf(child) > maxMemoryBytes) why = 'was killed: it held too much memory';
        else if (performance.now() - heardAtMs <= silentMs)
          return this.#send(pipe, { type: 'ping' });
        child.kill('SIGKILL');
      }, pingEveryMs).unref();
      const ended = () => {
        clearInterval(watch);
        pipe.destroy();
        const error = new VistazoError(
          'plugin.failed',
          `The process of the plugin ${this.name} ${why}.`,
        );
        reject(error);
        for (const call of this.#calls.values()) call.reject(error);
        this.#running = undefined;
      };
      const overrun = (what: string) => {
        if (pipe.destroyed) return;
        why = `was killed: it sent ${what}`;
        pipe.destroy();
        child.kill('SIGKILL');
      };
      child.once('exit', ended).on('error', ended);
      // Whatever breaks the pipe ends the process, which is heard by its exit.
      pipe.on('error', () => child.kill('SIGKILL'));
      pipe.on('data', (chunk: Buffer) => {
        heardAtMs = performance.now();
        try {
          for (const { message: given, bytes } of reader.read(chunk)) {
            const message = parseFromPlugin(given);
            if (message === undefined) return overrun('what is no message of a plugin');
            if (!budget.take(message, bytes)) return overrun('more than a plugin may');
            if (this.#answering > maxAnswering)
              return overrun('more questions than can be answered');
            if (message.type === 'ready') resolve({ child, pipe, handlers: message.handlers });
            else if (message.type === 'failed') {
              child.kill('SIGKILL');
              reject(VistazoError.fromJSON(message.error));
            } else this.#hear(pipe, message);
          }
        } catch (error) {
          overrun(error instanceof RangeError ? error.message : 'what is no message');
        }
      });
      this.#send(pipe, { type: 'setup', module, config });
    });
  }

  #hear(pipe: Duplex, message: FromPlugin): void {
    if (message.type === 'ask') void this.#answer(pipe, message);
    if (message.type !== 'done') return;
    const call = this.#calls.get(message.id);
    try {
      call?.take?.(message.effects);
      if (message.error === undefined) call?.resolve(message.result);
      else call?.reject(VistazoError.fromJSON(message.error));
    } catch (error) {
      call?.reject(error);
    }
  }

  async #answer(
    pipe: Duplex,
    { question, call, asked, effects }: Extract<FromPlugin, { type: 'ask' }>,
  ): Promise<void> {
    this.#answering += 1;
    try {
      const host: CallHost | undefined = call === undefined ? {} : this.#calls.get(call);
      if (host === undefined) throw new VistazoError('plugin.failed', 'The call is over.');
      if (effects !== undefined) host.take?.(effects);
      const answer = host.answer ?? ((outside) => answerOutside(outside, this.services));
      this.#send(pipe, { type: 'told', question, result: await answer(asked) });
    } catch (error) {
      this.#send(pipe, { type: 'told', question, error: toVistazoError(error).toJSON() });
    } finally {
      this.#answering -= 1;
    }
  }

  /** What cannot be sent any more is answered by the end of the process. */
  #send(pipe: Duplex, message: ToPlugin): void {
    if (!pipe.writable) return;
    // A process that does not read what it asks for would make this one keep it.
    if (pipe.writableLength > maxUnreadBytes) pipe.destroy(new Error('It does not read.'));
    else pipe.write(frameOf(message));
  }
}

/** The most that a process held at once; 0 where that is not known. */
function memoryOf({ pid }: ChildProcess): number {
  return (pid === undefined ? undefined : usageOf(pid))?.peakBytes ?? 0;
}
