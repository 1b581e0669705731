import { basename } from 'node:path';
import {
  type Bot,
  type CommandDescription,
  createBot,
  fetchPicture,
  type Store,
  type VisionLanguageModel,
  VistazoError,
} from '@vistazo/core';
import type { BotConfig } from '../config/bot-config.js';
import { isAddress, pictureArgument } from '../picture-argument.js';
import { interrupted } from '../terminal/interrupt.js';
import { parseCall } from './parse-call.js';
import { type CallPicture, TerminalAdapter } from './terminal-adapter.js';

/** What a {@link TerminalBot} needs; it closes none of it. */
export interface TerminalBotOptions {
  store: Store;
  model: VisionLanguageModel;
  /** Whose values the plugins have. */
  tenant: string;
  signal: AbortSignal;
}

/** What a command answered, and what went wrong meanwhile, which the answer tells in a sentence at most. */
export interface Outcome {
  text: string;
  fault?: VistazoError;
}

/** A bot whose commands are run in a terminal. */
export class TerminalBot {
  readonly #adapter = new TerminalAdapter();
  readonly #bot: Bot;
  #faults: VistazoError[] = [];

  constructor(
    config: BotConfig,
    private readonly options: TerminalBotOptions,
  ) {
    const { model, store } = options;
    const onPluginFault = (_: string, fault: VistazoError) => void this.#faults.push(fault);
    const adapters = [this.#adapter];
    // What goes wrong is told in a sentence.
    const log = { level: 'silent' } as const;
    this.#bot = createBot({ ...config, model, store, adapters, onPluginFault, log });
  }

  start(): Promise<void> {
    return this.#bot.start();
  }

  /** Other plugins; the rest of a config stays as it was at the start. */
  async reload({ plugins }: BotConfig): Promise<void> {
    this.#faults = [];
    await this.#bot.plugins.reload(plugins);
  }

  stop(): Promise<void> {
    return this.#bot.stop(this.options.signal.aborted ? { drainMs: 0 } : {});
  }

  /**
   * Runs the command that the first word names, with the others; without any, lists the commands.
   * Throws `option.invalid` for what the command does not take, and what left a plugin out.
   */
  async run([name, ...words]: readonly string[]): Promise<Outcome> {
    const leftOut = this.#takeFault();
    if (leftOut !== undefined) throw leftOut;
    const { commands } = this.#adapter;
    if (name === undefined) return { text: listOf(commands) };
    const command = commandCalled(commands, name);
    const call = parseCall(command, words);
    const pictures = await Promise.all(call.pictures.map(readCallPicture));
    const { tenant, signal } = this.options;
    const called = { name: command.name, options: call.options };
    const text = await orInterrupt(this.#adapter.call(tenant, called, pictures), signal);
    const fault = this.#takeFault() ?? (await this.#failure());
    return { text, ...(fault !== undefined && { fault }) };
  }

  #takeFault(): VistazoError | undefined {
    const [fault] = this.#faults;
    this.#faults = [];
    return fault;
  }

  /** What the model failed with, where it did. */
  async #failure(): Promise<VistazoError | undefined> {
    const { store, tenant } = this.options;
    const conversations = store.forTenant(tenant);
    const [latest] = await conversations.listConversations();
    const answer = latest && (await conversations.messagesOf(latest.id)).at(-1);
    return answer?.error && VistazoError.fromJSON(answer.error);
  }
}

function commandCalled(commands: readonly CommandDescription[], name: string): CommandDescription {
  const command = commands.find((each) => each.name === name.replace(/^\//, ''));
  if (command !== undefined) return command;
  const known = commands.map((each) => each.name).join(', ') || 'none';
  throw new VistazoError('option.invalid', `There is no command ${name}; there are ${known}.`);
}

function listOf(commands: readonly CommandDescription[]): string {
  const lines = commands.flatMap(({ name, description, pictures, options }) => [
    `${[name, ...(pictures === 'none' ? [] : ['[picture...]'])].join(' ')}  ${description}`,
    ...options.map(
      (option) =>
        `    --${option.name}  ${option.description}${option.choices ? `: ${option.choices.join(', ')}` : ''}`,
    ),
  ]);
  return lines.join('\n') || 'The plugins have no commands.';
}

async function readCallPicture(argument: string): Promise<CallPicture> {
  const { image } = await pictureArgument(argument);
  const bytes = typeof image === 'string' ? await fetchPicture(image) : image;
  return { bytes, name: isAddress(argument) || argument === '-' ? 'picture' : basename(argument) };
}

async function orInterrupt<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(interrupted());
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  return Promise.race([work, aborted.promise]);
}
