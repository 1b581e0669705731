import { Asides, pause } from '@vistazo/core/adapter-kit';
import { Routes } from 'discord.js';
import { z } from 'zod';
import type { DiscordApi } from './discord-api.js';

/** What {@link LeftAnswers} needs. */
export interface LeftAnswersOptions {
  api: DiscordApi;
  botId: () => string;
}

/** A call that is given up may have reached Discord, where it takes effect a moment later. */
const settleMs = 2000;
/** Messages that are asked for at once, which is Discord's most. */
const pageSize = 100;

const repliesSchema = z.array(
  z.object({
    id: z.string(),
    author: z.object({ id: z.string() }),
    message_reference: z.object({ message_id: z.string().optional() }).nullish(),
  }),
);

/**
 * Takes answers away whose question was deleted while they were posted, so that the store does not know of
 * them: the bot's replies among the 100 messages after the question.
 */
export class LeftAnswers {
  readonly #stopped = new AbortController();
  readonly #asides = new Asides();

  constructor(private readonly options: LeftAnswersOptions) {}

  /** Of a question that is deleted; returns at once. What fails is done again after the next start. */
  takeAway(channelId: string, questionId: string): void {
    void this.#asides.run(() => this.#takeAway(channelId, questionId));
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#asides.idle();
  }

  async #takeAway(channelId: string, questionId: string): Promise<void> {
    const { api, botId } = this.options;
    const { signal } = this.#stopped;
    await pause(settleMs, signal);
    const route = Routes.channelMessages(channelId);
    const query = { after: questionId, limit: String(pageSize) };
    const { json } = await api.call({ method: 'Get', route, query, signal });
    for (const { id, author, message_reference } of repliesSchema.parse(json))
      if (author.id === botId() && message_reference?.message_id === questionId)
        await api.call({ method: 'Delete', route: Routes.channelMessage(channelId, id), signal });
  }
}
