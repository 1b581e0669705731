import {
  type ChatMessage,
  createServerModel,
  type GenerationEvent,
  type VisionLanguageModel,
} from '@vistazo/core';
import { CompletionServer, type Reply } from './completion-server.ts';

export type AskOptions = Parameters<VisionLanguageModel['generate']>[1];

const question: ChatMessage[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Which colour?' },
];

/** A server with scripted replies, and a model that keeps what it learns of it until {@link forget}. */
export class AskedServer {
  #model: VisionLanguageModel | undefined;

  private constructor(private readonly server: CompletionServer) {}

  static async start(): Promise<AskedServer> {
    return new AskedServer(await CompletionServer.start());
  }

  get requests(): CompletionServer['requests'] {
    return this.server.requests;
  }

  /** The last event of an answer. */
  async ask(
    replies: Reply[],
    options: AskOptions = {},
    messages = question,
  ): Promise<GenerationEvent | undefined> {
    await this.server.script(...replies);
    this.#model ??= createServerModel({ servers: [{ baseUrl: this.server.url, model: 'seeing' }] });
    const events = await Array.fromAsync(this.#model.generate(messages, options));
    return events.at(-1);
  }

  /** The next question is asked by a new model. */
  async forget(): Promise<void> {
    await this.#model?.close();
    this.#model = undefined;
  }

  async close(): Promise<void> {
    await this.forget();
    await this.server.close();
  }
}

/** A refusal with a JSON body, or a text as it stands. */
export const refused = (status: number, body: unknown): Reply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
