import type { ChildProcess } from 'node:child_process';
import { toVistazoError, VistazoError } from '../../errors.js';
import { forkModule } from '../../processes/fork-module.js';
import type { HostServices } from '../registration.js';
import { answerOutside } from './answer-outside.js';
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
  handlers: readonly HandlerDescription[];
}

interface Call extends CallHost {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

const pingEveryMs = 1000;
/** A process that does nothing else for so long hangs. */
const silentMs = 10_000;

/**
 * The process that one isolated plugin lives in. It is started when it is needed, killed when it hangs,
 * and started again after it died. @internal
 */
export class PluginProcess {
  #running: Promise<Running> | undefined;
  readonly #calls = new Map<number, Call>();
  #nextId = 1;

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
    const { child } = await this.#ready();
    const id = this.#nextId++;
    const abort = () => this.#send(child, { type: 'abort', id });
    try {
      return await new Promise((resolve, reject) => {
        this.#calls.set(id, { ...host, resolve, reject });
        host.signal?.addEventListener('abort', abort, { once: true });
        const nowMs = this.services.nowMs();
        this.#send(child, { type: 'call', id, handler, input, nowMs });
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

  #start(): Promise<Running> {
    const { module, given: config } = this.isolation;
    const child = forkModule(new URL('./child.js', import.meta.url), permissionFlags(module));
    let heardAtMs = performance.now();
    const watch = setInterval(() => {
      if (performance.now() - heardAtMs > silentMs) child.kill('SIGKILL');
      else this.#send(child, { type: 'ping' });
    }, pingEveryMs).unref();
    return new Promise((resolve, reject) => {
      const ended = () => {
        clearInterval(watch);
        const error = new VistazoError(
          'plugin.failed',
          `The process of the plugin ${this.name} ended.`,
        );
        reject(error);
        for (const call of this.#calls.values()) call.reject(error);
        this.#running = undefined;
      };
      child.once('exit', ended).on('error', ended);
      child.on('message', (message: FromPlugin) => {
        heardAtMs = performance.now();
        if (message.type === 'ready') resolve({ child, handlers: message.handlers });
        else if (message.type === 'failed') {
          child.kill('SIGKILL');
          reject(VistazoError.fromJSON(message.error));
        } else this.#hear(child, message);
      });
      this.#send(child, { type: 'setup', module, config });
    });
  }

  #hear(child: ChildProcess, message: FromPlugin): void {
    if (message.type === 'ask') void this.#answer(child, message);
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
    child: ChildProcess,
    { question, call, asked, effects }: Extract<FromPlugin, { type: 'ask' }>,
  ): Promise<void> {
    try {
      const host: CallHost | undefined = call === undefined ? {} : this.#calls.get(call);
      if (host === undefined) throw new VistazoError('plugin.failed', 'The call is over.');
      if (effects !== undefined) host.take?.(effects);
      const answer = host.answer ?? ((outside) => answerOutside(outside, this.services));
      this.#send(child, { type: 'told', question, result: await answer(asked) });
    } catch (error) {
      this.#send(child, { type: 'told', question, error: toVistazoError(error).toJSON() });
    }
  }

  /** What cannot be sent any more is answered by the end of the process. */
  #send(child: ChildProcess, message: ToPlugin): void {
    if (child.connected) child.send(message, () => {});
  }
}
