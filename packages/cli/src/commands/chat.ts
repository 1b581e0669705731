import { createInterface } from 'node:readline/promises';
import {
  type ChatEvent,
  type ChatService,
  type ConversationId,
  createChatService,
  fetchPicture,
  type LeftOut,
  type NewPicture,
  openSqliteStore,
  type StoredError,
  toVistazoError,
} from '@vistazo/core';
import type { Command } from 'commander';
import { generationOptionsOf, withGenerationFlags } from '../generation-flags.js';
import { type ModelFlags, openModel, withModelFlags } from '../model-flags.js';
import { pictureArgument } from '../picture-argument.js';
import { colours } from '../terminal/colours.js';
import { interrupted } from '../terminal/interrupt.js';

const help = '/picture PATH adds a picture to the next message, /new starts over, /quit ends.';

/** `vistazo chat`: a conversation in the terminal. */
export function addChatCommand(program: Command): void {
  const command = program
    .command('chat')
    .description('talk in the terminal')
    .argument('[picture...]', 'pictures of the first message')
    .option('--system <text>', 'a system message');
  withGenerationFlags(withModelFlags(command)).action(chat);
}

interface ChatFlags extends ModelFlags {
  system?: string;
  [generationFlag: string]: unknown;
}

async function chat(pictures: string[], flags: ChatFlags): Promise<void> {
  const generation = generationOptionsOf(flags);
  const waiting = await Promise.all(pictures.map(newPicture));
  await using resources = new AsyncDisposableStack();
  // The conversation ends with the command.
  const store = await openSqliteStore({ path: ':memory:' });
  resources.defer(() => store.close());
  const model = await openModel(flags);
  resources.defer(() => model.close());
  const service = await createChatService({
    model,
    store,
    generation,
    ...(flags.system !== undefined && { systemMessage: flags.system }),
  });
  resources.defer(() => service.close());
  await converse(service, new TerminalTalk(service, waiting));
}

async function newPicture(argument: string): Promise<NewPicture> {
  const { image } = await pictureArgument(argument);
  if (typeof image !== 'string') return { bytes: image };
  return { bytes: await fetchPicture(image) };
}

/** Takes lines until the input ends; prompts only a person. */
async function converse({ model }: ChatService, talk: TerminalTalk): Promise<void> {
  const interactive = process.stdin.isTTY === true;
  const terminal = createInterface({ input: process.stdin, output: process.stdout, prompt: '> ' });
  const state = { closed: false, interrupted: false };
  const prompt = () => interactive && !state.closed && terminal.prompt();
  terminal.once('close', () => {
    state.closed = true;
  });
  terminal.on('SIGINT', () => {
    if (talk.interrupt()) return;
    state.interrupted = true;
    terminal.close();
  });
  if (interactive) process.stdout.write(`${model.id} (${model.variant}) answers. ${help}\n`);
  prompt();
  for await (const line of terminal) {
    if (line.trim() === '/quit') break;
    await talk.take(line.trim());
    prompt();
  }
  terminal.close();
  if (state.interrupted) throw interrupted();
}

class TerminalTalk {
  #conversation: Promise<ConversationId> | undefined;
  #running: AbortController | undefined;
  /** Told already, so that it is not said at every answer. */
  readonly #leftOut = new Set<string>();

  constructor(
    private readonly service: ChatService,
    private pictures: NewPicture[],
  ) {}

  /** Stops the running answer; false when none runs. */
  interrupt(): boolean {
    this.#running?.abort();
    return this.#running !== undefined;
  }

  async take(line: string): Promise<void> {
    try {
      if (line.startsWith('/')) await this.#command(line);
      else if (line !== '' || this.pictures.length > 0) await this.#ask(line);
    } catch (cause) {
      this.#complain(toVistazoError(cause).toJSON());
    }
  }

  async #command(line: string): Promise<void> {
    const [name, ...rest] = line.split(/\s+/);
    if (name === '/new') this.#conversation = undefined;
    else if (name === '/picture') this.pictures.push(await newPicture(rest.join(' ')));
    else process.stdout.write(`${help}\n`);
  }

  async #ask(text: string): Promise<void> {
    this.#conversation ??= this.service.createConversation().then(({ id }) => id);
    this.#running = new AbortController();
    const { signal } = this.#running;
    try {
      const message = { text, pictures: this.pictures, origin: 'terminal' };
      const events = this.service.send(await this.#conversation, message, { signal });
      for await (const event of events) this.#show(event);
    } finally {
      this.#running = undefined;
    }
  }

  #show(event: ChatEvent): void {
    if (event.type === 'accepted') this.pictures = [];
    else if (event.type === 'prompt') this.#tellLeftOut(event.leftOut);
    else if (event.type === 'text') process.stdout.write(event.text);
    else if (event.type === 'failed') this.#complain(event.error);
    else if (event.type === 'end' || event.type === 'restart') process.stdout.write('\n');
  }

  #tellLeftOut(leftOut: readonly LeftOut[]): void {
    for (const { what, messageId, sentence } of leftOut) {
      const key = `${what} ${messageId}`;
      if (!this.#leftOut.has(key)) process.stderr.write(`${sentence}\n`);
      this.#leftOut.add(key);
    }
  }

  #complain({ code, message }: StoredError): void {
    const advice = this.#recover(code) ? ' The pictures of this message were dropped.' : '';
    process.stderr.write(`${colours.red(message)}${advice} [${code}]\n`);
  }

  /** Pictures that made a message fail must not make the next one fail too. */
  #recover(code: StoredError['code']): boolean {
    if (!/^(picture|fetch)\./.test(code) || this.pictures.length === 0) return false;
    this.pictures = [];
    return true;
  }
}
