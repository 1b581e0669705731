import { createInterface } from 'node:readline/promises';
import {
  type ChatMessage,
  type ErrorCode,
  type ImagePart,
  toVistazoError,
  type VisionLanguageModel,
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
  const options = generationOptionsOf(flags);
  const waiting = await Promise.all(pictures.map(pictureArgument));
  const model = await openModel(flags);
  try {
    await converse(model, new TerminalTalk(model, options, flags.system, waiting));
  } finally {
    await model.close();
  }
}

/** Takes lines until the input ends; prompts only a person. */
async function converse(model: VisionLanguageModel, talk: TerminalTalk): Promise<void> {
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
  if (interactive)
    process.stdout.write(`${model.info.id} (${model.info.variant}) answers. ${help}\n`);
  prompt();
  for await (const line of terminal) {
    if (line.trim() === '/quit') break;
    await talk.take(line.trim());
    prompt();
  }
  terminal.close();
  if (state.interrupted) throw interrupted();
}

type GenerateOptions = NonNullable<Parameters<VisionLanguageModel['generate']>[1]>;

class TerminalTalk {
  #messages: ChatMessage[] = [];
  #running: AbortController | undefined;

  constructor(
    private readonly model: VisionLanguageModel,
    private readonly options: GenerateOptions,
    private readonly system: string | undefined,
    private pictures: ImagePart[],
  ) {
    this.#startOver();
  }

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
      const error = toVistazoError(cause);
      const advice = this.#recover(error.code);
      process.stderr.write(`${colours.red(error.message)}${advice} [${error.code}]\n`);
    }
  }

  /** What made an answer fail must not make the next one fail too. */
  #recover(code: ErrorCode): string {
    if (code === 'chat.tooLong') return ' Here /new starts a new one.';
    if (!/^(picture|fetch)\./.test(code) || this.pictures.length === 0) return '';
    this.pictures = [];
    return ' The pictures of this message were dropped.';
  }

  #startOver(): void {
    this.#messages = this.system === undefined ? [] : [{ role: 'system', content: this.system }];
  }

  async #command(line: string): Promise<void> {
    const [name, ...rest] = line.split(/\s+/);
    if (name === '/new') this.#startOver();
    else if (name === '/picture') this.pictures.push(await pictureArgument(rest.join(' ')));
    else process.stdout.write(`${help}\n`);
  }

  async #ask(question: string): Promise<void> {
    const content = [...this.pictures, { type: 'text' as const, text: question }];
    const messages: ChatMessage[] = [...this.#messages, { role: 'user', content }];
    this.#running = new AbortController();
    try {
      const answer = await this.#stream(messages, this.#running.signal);
      this.#messages = [...messages, { role: 'assistant', content: answer }];
      this.pictures = [];
    } finally {
      this.#running = undefined;
    }
  }

  async #stream(messages: ChatMessage[], signal: AbortSignal): Promise<string> {
    let answer = '';
    for await (const event of this.model.generate(messages, { ...this.options, signal })) {
      if (event.type === 'text') process.stdout.write(event.text);
      if (event.type === 'restart') process.stdout.write('\n');
      if (event.type === 'end') answer = event.text;
    }
    process.stdout.write('\n');
    return answer;
  }
}
