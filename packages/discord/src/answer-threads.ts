import { Seldom } from '@vistazo/core/adapter-kit';
import { ChannelType, type Client, RESTJSONErrorCodes, Routes } from 'discord.js';
import type { DiscordApi } from './discord-api.js';
import { discordCodeOf } from './discord-errors.js';
import type { DiscordMessage } from './parse-message/discord-message.js';
import { isMentioned } from './parse-message/is-for-bot.js';
import { plainText } from './parse-message/plain-text.js';
import type { Surroundings } from './parse-message/surroundings.js';
import type { ChannelPermissions } from './send-reply/channel-permissions.js';

/** What {@link AnswerThreads} needs. */
export interface AnswerThreadsOptions {
  client: Client;
  api: DiscordApi;
  surroundings: Surroundings;
  permissions: ChannelPermissions;
  threads: 'never' | 'guilds';
  notify: (sentence: string) => void;
}

const maxNameLength = 60;
const timeoutMs = 10_000;
/** In minutes, one of those that Discord takes; people can write in it afterwards too. */
const archiveAfter = 1440;

/**
 * Begins threads in which mentions are answered. A thread has the id of the message that it was begun of, so that the
 * conversation has the same key however often, and by which process, the message is taken.
 */
export class AnswerThreads {
  /** Channels where an operator knows that no thread can be begun. */
  readonly #seldom = new Seldom(Number.POSITIVE_INFINITY);

  constructor(private readonly options: AnswerThreadsOptions) {}

  /** Where a message that is for the bot is answered: in the thread of it, or in its channel. */
  async placeOf(message: DiscordMessage): Promise<string> {
    const { channel_id: channelId, id } = message;
    if (!this.#isThreadWanted(message)) return channelId;
    const { permissions } = this.options;
    const needed = ['createPublicThreads', 'sendMessagesInThreads'] as const;
    const mayBegin = !needed.some((permission) => permissions.lacks(channelId, permission));
    if (mayBegin && (await this.#begin(message))) return id;
    this.#tell(channelId);
    return channelId;
  }

  /** Where a message that was taken before may be answered, the likeliest first. */
  placesOf({ id, channelId }: { id: string; channelId: string }): string[] {
    return this.options.threads === 'never' || id === channelId ? [channelId] : [id, channelId];
  }

  #isThreadWanted(message: DiscordMessage): boolean {
    const { threads, client, surroundings } = this.options;
    if (threads === 'never' || message.guild_id === undefined) return false;
    const type = client.channels.cache.get(message.channel_id)?.type;
    const mayHaveThreads = type === ChannelType.GuildText || type === ChannelType.GuildAnnouncement;
    return mayHaveThreads && isMentioned(message, surroundings);
  }

  async #begin(message: DiscordMessage): Promise<boolean> {
    const { api, surroundings } = this.options;
    const text = plainText(message, surroundings).replace(/\s+/g, ' ');
    const name = [...text].slice(0, maxNameLength).join('') || '…';
    const route = Routes.threads(message.channel_id, message.id);
    const body = { name, auto_archive_duration: archiveAfter };
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      await api.call({ method: 'Post', route, body, signal });
      return true;
    } catch (error) {
      return discordCodeOf(error) === RESTJSONErrorCodes.ThreadAlreadyCreatedForMessage;
    }
  }

  #tell(channelId: string): void {
    if (!this.#seldom.isDue(channelId)) return;
    this.options.notify(
      `In the Discord channel ${channelId} the bot could not begin a thread and answers in the channel: give it the permissions Create Public Threads and Send Messages in Threads there.`,
    );
  }
}
