import {
  type Adapter,
  type AdapterCapabilities,
  type AdapterFinding,
  type AdapterHost,
  type AnsweringEvent,
  type ManifestOptions,
  type PostedReply,
  type ReplyPost,
  type ReplyTarget,
  VistazoError,
  type WriteOptions,
} from '@vistazo/core';
import { checkSetup } from './check-setup.js';
import { installUrlOf } from './installations/installations.js';
import { slackManifest } from './manifest/slack-manifest.js';
import { maxMarkdownLength } from './send-reply/message-body.js';
import { maxPictureBytes, maxPictures } from './send-reply/upload-pictures.js';
import {
  type CheckedOptions,
  checkOptions,
  featuresOf,
  lackingIn,
  type SlackAdapterOptions,
} from './slack-options.js';
import { SlackSession } from './slack-session.js';

/**
 * A platform for `createBot`: Slack, through Bolt, in Socket Mode or over HTTP. A workspace is a tenant. Tokens may
 * be lacking until it is started, since an app is made from its manifest before it has any. Throws `option.invalid`.
 */
export function createSlackAdapter(options: SlackAdapterOptions): Adapter {
  return new SlackAdapter(checkOptions(options));
}

type Signal = { signal: AbortSignal };

class SlackAdapter implements Adapter {
  readonly name: string;
  readonly capabilities: AdapterCapabilities;
  #session: SlackSession | undefined;

  constructor(private readonly options: CheckedOptions) {
    this.name = options.name;
    this.capabilities = {
      maxTextLength: maxMarkdownLength,
      editMessages: true,
      // Also where answers grow by changes: the sender keeps to how many of them a team takes.
      nativeStreaming: true,
      editIntervalMs: 500,
      threads: true,
      ephemeralAnswers: true,
      buttons: options.buttons,
      commands: true,
      // Slack's own cannot be called in threads.
      writtenCommands: true,
      messageCommands: true,
      modals: true,
      ...(options.postPictures && {
        postedPictures: { maxPerPost: maxPictures, maxBytes: maxPictureBytes },
      }),
    };
  }

  isReady(): boolean {
    return this.#session?.isConnected() ?? false;
  }

  async check({ signal }: Signal): Promise<AdapterFinding[]> {
    const { installation } = this.options;
    const installUrl = installation === undefined ? undefined : installUrlOf(installation);
    const features = featuresOf(this.options);
    const lacking = lackingIn(this.options).map((sentence) => ({ ok: false, sentence }));
    return [...lacking, ...(await checkSetup({ ...this.options, features, installUrl }, signal))];
  }

  manifest(options: ManifestOptions): Record<string, unknown> {
    const { signingSecret, installation, commandPrefix, http } = this.options;
    return slackManifest({
      ...options,
      features: featuresOf(this.options),
      connection: signingSecret === undefined ? 'socket' : 'http',
      isDistributed: installation !== undefined,
      ...(commandPrefix !== undefined && { commandPrefix }),
      ...(http?.path !== undefined && { eventsPath: http.path }),
      ...(installation?.redirectPath !== undefined && { redirectPath: installation.redirectPath }),
    });
  }

  /** Throws `option.invalid` where a token is lacking or Slack refuses it, and `platform.failed`, `server.failed`. */
  async start(host: AdapterHost): Promise<void> {
    const [lacking] = lackingIn(this.options);
    if (lacking !== undefined) throw new VistazoError('option.invalid', lacking);
    const session = new SlackSession(this.options, host);
    this.#session = session;
    try {
      await session.start();
    } catch (error) {
      // Nobody stops what did not start.
      await this.stop();
      await this.close();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.#session?.stop();
  }

  async close(): Promise<void> {
    await this.#session?.close();
    this.#session = undefined;
  }

  fetch(url: string, options: { maxBytes: number } & Signal): Promise<Uint8Array> {
    return this.#started.files.fetch(url, options);
  }

  post(post: ReplyPost, options: WriteOptions): Promise<string> {
    return this.#started.post(post, options);
  }

  mayGrow(target: ReplyTarget): boolean {
    return this.#started.sender.mayGrow(target);
  }

  edit(posted: PostedReply, text: string, options: WriteOptions): Promise<void> {
    return this.#started.edit(posted, text, options);
  }

  remove(posted: PostedReply, options: Signal): Promise<void> {
    return this.#started.sender.remove(posted, options);
  }

  showWorking(target: ReplyTarget): Promise<void> {
    return this.#started.showWorking(target);
  }

  answering(target: ReplyTarget, event: AnsweringEvent): void {
    this.#session?.answering(target, event);
  }

  forgotten(isMeant: (tenant: string) => boolean): void {
    this.#session?.forgotten(isMeant);
  }

  get #started(): SlackSession {
    if (this.#session !== undefined) return this.#session;
    throw new VistazoError('engine.closed', `The adapter ${this.name} is not on Slack; start it.`);
  }
}
