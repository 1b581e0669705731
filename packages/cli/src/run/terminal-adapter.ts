import { randomUUID } from 'node:crypto';
import type {
  Adapter,
  AdapterCapabilities,
  AdapterHost,
  CommandCall,
  CommandDescription,
  ReplyPost,
} from '@vistazo/core';
import { VistazoError } from '@vistazo/core';

/** A picture of a call. */
export interface CallPicture {
  name: string;
  bytes: Uint8Array;
}

/** A platform of one person who calls commands: what is announced goes to standard error. */
export class TerminalAdapter implements Adapter {
  readonly name = 'terminal';
  readonly capabilities: AdapterCapabilities = {
    maxTextLength: 1_000_000,
    editMessages: false,
    editIntervalMs: 0,
    commands: true,
  };
  readonly #files = new Map<string, Uint8Array>();
  readonly #answers = new Map<string, PromiseWithResolvers<string>>();
  #host: AdapterHost | undefined;

  get commands(): readonly CommandDescription[] {
    return this.#host?.commands ?? [];
  }

  async start(host: AdapterHost): Promise<void> {
    this.#host = host;
  }

  async stop(): Promise<void> {
    this.#host = undefined;
  }

  /** Calls a command in a conversation of its own; gives the answer. */
  async call(
    tenant: string,
    command: CommandCall,
    pictures: readonly CallPicture[],
  ): Promise<string> {
    if (this.#host === undefined) throw new VistazoError('internal', 'The bot was not started.');
    const messageId = randomUUID();
    const answer = Promise.withResolvers<string>();
    this.#answers.set(messageId, answer);
    const attachments = pictures.map(({ name, bytes }) => {
      const url = `terminal:${randomUUID()}`;
      this.#files.set(url, bytes);
      return { url, name };
    });
    await this.#host.receive({
      type: 'message',
      eventId: messageId,
      ...{ tenant, conversationKey: messageId, messageId },
      author: { id: 'terminal', name: 'You' },
      postedAtMs: Date.now(),
      text: '',
      ...{ attachments, command },
    });
    return answer.promise;
  }

  async fetch(url: string): Promise<Uint8Array> {
    const bytes = this.#files.get(url);
    if (bytes !== undefined) return bytes;
    throw new VistazoError('fetch.failed', 'The picture is of another run.');
  }

  async post({ messageId, conversationKey, text, isAnnouncement }: ReplyPost): Promise<string> {
    if (isAnnouncement) process.stderr.write(`For ${conversationKey}: ${text}\n`);
    else this.#answers.get(messageId)?.resolve(text);
    return messageId;
  }
}
