import type { KnownMessage } from '@vistazo/core';
import { Routes } from 'discord.js';
import { z } from 'zod';
import type { DiscordApi } from './discord-api.js';
import { type DiscordMessage, messageSchema } from './parse-message/discord-message.js';
import { firstIdAt, guildOf, snowflakeOf } from './place.js';

/** Messages that are asked for at once, which is Discord's most. */
const pageSize = 100;
/** How often in one channel. */
const maxPages = 10;

/** Finds what was posted in channels while the bot was away, and hands it on in order. */
export class MissedMessages {
  constructor(
    private readonly api: DiscordApi,
    private readonly take: (message: unknown) => Promise<void>,
    /** Whether mentions in a channel are answered in threads, so that the channel itself is not known. */
    private readonly looksAboveThreads: boolean,
  ) {}

  /**
   * What is known of channels, and where mentions are answered in threads, of the channels of these besides: the
   * latest thread that was begun there.
   */
  async withChannelsOfThreads(
    known: readonly KnownMessage[],
    signal: AbortSignal,
  ): Promise<readonly KnownMessage[]> {
    return this.looksAboveThreads ? this.#withParents(known, signal) : known;
  }

  async #withParents(known: readonly KnownMessage[], signal: AbortSignal): Promise<KnownMessage[]> {
    const all = new Map(known.map((each) => [each.conversationKey, each]));
    for (const { tenant, conversationKey } of known) {
      if (tenant.startsWith('dm:')) continue;
      const parentId = await parentOf(this.api, conversationKey, signal);
      if (parentId === undefined) continue;
      const latest = snowflakeOf(all.get(parentId)?.messageId ?? '0') ?? 0n;
      if (BigInt(conversationKey) > latest)
        all.set(parentId, { tenant, conversationKey: parentId, messageId: conversationKey });
    }
    return [...all.values()];
  }

  /**
   * Looks behind the latest message that is known in a channel, for messages since a time. Gives whether that
   * was all: it looks at 1,000 messages at most.
   */
  async findIn(
    { tenant, conversationKey, messageId }: KnownMessage,
    sinceMs: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    const guildId = guildOf(tenant);
    const known = snowflakeOf(messageId);
    if (known === undefined) return true;
    const since = BigInt(firstIdAt(sinceMs));
    let after = String(known > since ? known : since);
    for (let page = 0; page < maxPages; page++) {
      const messages = await this.#page(conversationKey, after, signal);
      for (const message of messages) {
        signal.throwIfAborted();
        await this.take({ ...message, ...(guildId !== undefined && { guild_id: guildId }) });
      }
      const last = messages.at(-1);
      if (last === undefined || messages.length < pageSize) return true;
      after = last.id;
    }
    return false;
  }

  /** In the order in which they were posted. */
  async #page(channelId: string, after: string, signal: AbortSignal): Promise<DiscordMessage[]> {
    const route = Routes.channelMessages(channelId);
    const query = { after, limit: String(pageSize) };
    const { json } = await this.api.call({ method: 'Get', route, query, signal });
    const messages = z.array(messageSchema).parse(json);
    return messages.toSorted((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
  }
}

/** Public threads, and those of announcements. */
const threadSchema = z.object({ type: z.literal([10, 11]), parent_id: z.string() });

/** The channel that a thread is of; undefined for what is no thread of a message, and what is gone. */
export async function parentOf(
  api: DiscordApi,
  channelId: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const route = Routes.channel(channelId);
  const answered = await api.call({ method: 'Get', route, signal }).catch(() => undefined);
  signal.throwIfAborted();
  return threadSchema.safeParse(answered?.json).data?.parent_id;
}
