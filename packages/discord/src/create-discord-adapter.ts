import {
  type Adapter,
  type AdapterCapabilities,
  type AdapterFinding,
  type AdapterHost,
  type AnsweringEvent,
  type CommandDescription,
  type PostedReply,
  type ReplyPost,
  type ReplyTarget,
  VistazoError,
} from '@vistazo/core';
import { checkSetup } from './check-setup.js';
import {
  type CheckedOptions,
  checkOptions,
  type DiscordAdapterOptions,
} from './discord-options.js';
import { DiscordSession } from './discord-session.js';
import { discordFiles, fetchFile } from './fetch-file/fetch-file.js';
import {
  maxFileBytes,
  maxFileLength,
  maxFiles,
  maxFilesBytes,
  maxMessageLength,
} from './send-reply/post-content.js';

/**
 * A platform for `createBot`: Discord, through a client of discord.js. A server is a tenant, and so is each
 * person in direct messages and where they alone installed it (`dm:` and their id). Throws `option.invalid`.
 */
export function createDiscordAdapter(options: DiscordAdapterOptions): Adapter {
  return new DiscordAdapter(checkOptions(options));
}

type Signal = { signal: AbortSignal };

class DiscordAdapter implements Adapter {
  readonly name: string;
  readonly capabilities: AdapterCapabilities;
  #session: DiscordSession | undefined;

  constructor(private readonly options: CheckedOptions) {
    this.name = options.name;
    this.capabilities = {
      maxTextLength: options.longAnswers === 'file' ? maxFileLength : maxMessageLength,
      fileUpload: options.longAnswers === 'file',
      // A long answer is a file too.
      postedPictures: {
        maxPerPost: options.longAnswers === 'file' ? maxFiles - 1 : maxFiles,
        maxBytes: maxFileBytes,
        maxTotalBytes: maxFilesBytes,
      },
      editMessages: true,
      // How fast a channel takes changes is told by Discord with each one; the sender goes by that.
      editIntervalMs: 250,
      threads: options.threads !== 'never',
      ephemeralAnswers: true,
      buttons: options.buttons,
      commands: options.commands !== null,
      writtenCommands: true,
      messageCommands: options.commands !== null,
      modals: options.commands !== null || options.buttons,
    };
  }

  isReady(): boolean {
    return this.#session?.client.isReady() ?? false;
  }

  check({ signal }: Signal): Promise<AdapterFinding[]> {
    return checkSetup(this.options, signal);
  }

  async start(host: AdapterHost): Promise<void> {
    const session = new DiscordSession(this.options, host);
    this.#session = session;
    await session.start();
  }

  async commandsChanged(commands: readonly CommandDescription[]): Promise<void> {
    await this.#session?.commandsChanged(commands);
  }

  async stop(): Promise<void> {
    await this.#session?.stop();
  }

  async close(): Promise<void> {
    await this.#session?.close();
    this.#session = undefined;
  }

  fetch(url: string, options: { maxBytes: number } & Signal): Promise<Uint8Array> {
    return fetchFile(this.#started.api, this.options.files ?? discordFiles, url, options);
  }

  requireToPost(target: ReplyTarget): void {
    this.#started.sender.requireToPost(target);
  }

  async post(post: ReplyPost, options: Signal): Promise<string> {
    return this.#started.sender.post(post, options);
  }

  async edit(posted: PostedReply, text: string, options: Signal): Promise<void> {
    await this.#started.sender.edit(posted, text, options);
  }

  async remove(posted: PostedReply, options: Signal): Promise<void> {
    await this.#started.sender.remove(posted, options);
  }

  async showWorking(target: ReplyTarget, options: Signal): Promise<void> {
    await this.#started.sender.showWorking(target, options);
  }

  answering(target: ReplyTarget, event: AnsweringEvent): void {
    this.#session?.sender.answering(target, event);
  }

  forgotten(isMeant: (tenant: string) => boolean): void {
    this.#session?.forgotten(isMeant);
  }

  get #started(): DiscordSession {
    if (this.#session !== undefined) return this.#session;
    throw new VistazoError(
      'engine.closed',
      `The adapter ${this.name} is not on Discord; start it.`,
    );
  }
}
