import { type KnownMessage, VistazoError } from '@vistazo/core';
import { Routes } from 'discord.js';
import { z } from 'zod';
import type { DiscordApi } from './discord-api.js';
import { type DiscordMessage, messageSchema } from './parse-message/discord-message.js';
import { createdAtMs } from './place.js';

/** Messages that are asked for at once, which is Discord's most, and how often in one channel. */
const pageSize = 100;
const maxPages = 10;
/** Channels that are looked at side by side, within Discord's 50 calls in a second. */
const maxAtOnce = 5;

/** A channel to look at. */
export interface MissedIn {
  /** The latest message that is known there. */
  known: KnownMessage;
  /** Called when what was missed there is handed on, or cannot be found. */
  release: () => void;
}

/** Finds what was posted in channels while the bot was away, and hands it on in order. */
export class MissedMessages {
  constructor(
    private readonly api: DiscordApi,
    private readonly take: (message: unknown) => Promise<void>,
    /** Whether mentions in a channel are answered in threads, so that the channel itself is not known. */
    private readonly looksAboveThreads: boolean,
  ) {}

  /**
   * Looks behind the latest message that is known in each channel, for messages since a time. A channel that
   * the bot may not read any more is passed over. Throws the first failure when it has looked at all.
   */
  async find(channels: readonly MissedIn[], sinceMs: number, signal: AbortSignal): Promise<void> {
    const waiting = [...channels];
    const failures: unknown[] = [];
    const work = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        await this.#findIn(next.known, sinceMs, signal).catch((error: unknown) => {
          if (!isGone(error)) failures.push(error);
        });
        next.release();
      }
    };
    await Promise.all(Array.from({ length: maxAtOnce }, work));
    if (failures.length > 0) throw failures[0];
  }

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
      const parentId = await this.#parentOf(conversationKey, signal);
      if (parentId === undefined) continue;
      const latest = snowflakeOf(all.get(parentId)?.messageId ?? '0');
      if (BigInt(conversationKey) > latest)
        all.set(parentId, { tenant, conversationKey: parentId, messageId: conversationKey });
    }
    return [...all.values()];
  }

  /** Undefined for what is no thread of a message, and what is gone. */
  async #parentOf(channelId: string, signal: AbortSignal): Promise<string | undefined> {
    const route = Routes.channel(channelId);
    const answered = await this.api.call({ method: 'Get', route, signal }).catch(() => undefined);
    signal.throwIfAborted();
    const channel = threadSchema.safeParse(answered?.json).data;
    return channel?.parent_id;
  }

  async #findIn(
    { tenant, conversationKey, messageId }: KnownMessage,
    sinceMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const guildId = tenant.startsWith('dm:') ? undefined : tenant;
    // Commands are known by the ids of their interactions, which are of the same sequence.
    let after = messageId.replace(/^\w+:/, '');
    if (createdAtMs(after) === undefined) return;
    for (let page = 0; page < maxPages; page++) {
      const messages = await this.#page(conversationKey, after, signal);
      for (const message of messages) {
        signal.throwIfAborted();
        if (Date.parse(message.timestamp) >= sinceMs)
          await this.take({ ...message, ...(guildId !== undefined && { guild_id: guildId }) });
      }
      const last = messages.at(-1);
      if (last === undefined || messages.length < pageSize) return;
      after = last.id;
    }
  }

  /** In the order in which they were posted. */
  async #page(channelId: string, after: string, signal: AbortSignal): Promise<DiscordMessage[]> {
    const route = Routes.channelMessages(channelId);
    const query = { after, limit: String(pageSize) };
    const { json } = await this.api.call({ method: 'Get', route, query, signal });
    const messages = pageSchema.parse(json);
    return messages.toSorted((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
  }
}

/** Public threads, and those of announcements. */
const threadSchema = z.object({ type: z.literal([10, 11]), parent_id: z.string() });

/** Commands are known by the ids of their interactions, which are of the same sequence. */
function snowflakeOf(messageId: string): bigint {
  const id = messageId.replace(/^\w+:/, '');
  return /^\d+$/.test(id) ? BigInt(id) : 0n;
}

const pageSchema = z.array(messageSchema);

function isGone(error: unknown): boolean {
  return error instanceof VistazoError && error.code === 'platform.gone';
}
