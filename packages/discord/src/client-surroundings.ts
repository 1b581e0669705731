import { BoundedMap } from '@vistazo/core/adapter-kit';
import { type Client, Routes } from 'discord.js';
import { z } from 'zod';
import type { DiscordApi } from './discord-api.js';
import { messageSchema, type PlainMessage } from './parse-message/discord-message.js';
import type { ChannelFacts, Surroundings } from './parse-message/surroundings.js';

const maxThreads = 10_000;
const maxMessagesBefore = 10;
const fetchTimeoutMs = 10_000;

/** What a logged-in client knows, and Discord tells it when asked. */
export class ClientSurroundings implements Surroundings {
  readonly #firstInThread = new BoundedMap<string, string>(maxThreads);

  constructor(
    private readonly client: Client,
    private readonly api: DiscordApi,
    /** Whether the bot sees messages that are not for it. */
    private readonly seesAll: boolean,
  ) {}

  get botId(): string {
    return this.client.user?.id ?? '';
  }

  botRoleId(guildId: string): string | undefined {
    return this.client.guilds.cache.get(guildId)?.roles.botRoleFor(this.botId)?.id;
  }

  channel(channelId: string): ChannelFacts | undefined {
    const channel = this.client.channels.cache.get(channelId);
    if (channel === undefined) return undefined;
    const isThread = channel.isThread();
    return {
      name: 'name' in channel ? (channel.name ?? undefined) : undefined,
      parentId: isThread ? (channel.parentId ?? undefined) : undefined,
      isThread,
      isOwnThread: isThread && channel.ownerId === this.botId,
    };
  }

  roleName(guildId: string, roleId: string): string | undefined {
    return this.client.guilds.cache.get(guildId)?.roles.cache.get(roleId)?.name;
  }

  isFirstInThread(threadId: string, messageId: string): boolean {
    const first = this.#firstInThread.get(threadId);
    if (first === undefined) this.#firstInThread.set(threadId, messageId);
    return first === undefined || first === messageId;
  }

  async messagesBefore(channelId: string, messageId: string): Promise<PlainMessage[]> {
    if (!this.seesAll) return [];
    const route = Routes.channelMessages(channelId);
    const query = { before: messageId, limit: String(maxMessagesBefore) };
    const signal = AbortSignal.timeout(fetchTimeoutMs);
    const answered = await this.api
      .call({ method: 'Get', route, query, signal })
      .catch(() => undefined);
    return z.array(messageSchema).safeParse(answered?.json).data ?? [];
  }

  async message(channelId: string, messageId: string): Promise<PlainMessage | undefined> {
    const route = Routes.channelMessage(channelId, messageId);
    const signal = AbortSignal.timeout(fetchTimeoutMs);
    // A question is answered without what it refers to rather than not at all.
    const answered = await this.api.call({ method: 'Get', route, signal }).catch(() => undefined);
    return messageSchema.safeParse(answered?.json).data;
  }
}
