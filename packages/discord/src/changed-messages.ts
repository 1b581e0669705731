import type { AdapterHost, KnownMessage } from '@vistazo/core';
import type { EventDelivery, InOrder } from '@vistazo/core/adapter-kit';
import { Routes } from 'discord.js';
import { z } from 'zod';
import type { DiscordApi } from './discord-api.js';
import { isUnknownMessage } from './discord-errors.js';
import type { LeftAnswers } from './left-answers.js';
import { parentOf } from './missed-messages.js';
import { type DiscordMessage, messageSchema } from './parse-message/discord-message.js';
import { guildOf, isSnowflake } from './place.js';

/** What {@link ChangedMessages} needs. */
export interface ChangedMessagesOptions {
  api: DiscordApi;
  host: Pick<AdapterHost, 'knownIn'>;
  delivery: EventDelivery;
  left: LeftAnswers;
  /** In which what happens in a channel is done. */
  order: InOrder;
  /** Hands over a change; one that is known already changes nothing. */
  changed: (message: DiscordMessage) => Promise<void>;
}

type Conversation = Omit<KnownMessage, 'messageId'>;

/** Messages that are asked for at once, which is Discord's most. */
const pageSize = 100;
/** How often in one channel. */
const maxPages = 5;
/** Questions of one channel that are looked at, the newest ones. */
const maxQuestions = 100;

/** Finds which questions were changed or deleted while the bot was away. */
export class ChangedMessages {
  constructor(private readonly options: ChangedMessagesOptions) {}

  /**
   * Looks at the questions of a conversation for changes since a time and for deletions. Gives whether it
   * looked at all of them: those before the latest 100, and before the latest 500 messages, are let be.
   */
  async followIn(
    conversation: Conversation,
    sinceMs: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { conversationKey } = conversation;
    const { host, delivery } = this.options;
    const accepted = await delivery.known(() => host.knownIn(conversation, maxQuestions + 1));
    const ids = accepted.slice(0, maxQuestions).filter(isSnowflake);
    if (ids.length === 0) return true;
    const changes = new Changes(this.options, conversation, sinceMs, signal);
    if (ids.includes(conversationKey)) await this.#followFirst(changes, conversation, signal);
    const own = ids.filter((id) => id !== conversationKey);
    const { order } = this.options;
    // Nothing that the gateway tells of the channel meanwhile comes before what is read there.
    const isAll = await order.result(conversationKey, () => changes.follow(conversationKey, own));
    return isAll && accepted.length <= maxQuestions;
  }

  /** The message that a thread was begun of stands in its channel, and in a forum in the thread. */
  async #followFirst(
    changes: Changes,
    { conversationKey }: Conversation,
    signal: AbortSignal,
  ): Promise<void> {
    const { api, order } = this.options;
    const parentId = await parentOf(api, conversationKey, signal);
    const channelIds = [conversationKey, parentId ?? []].flat();
    await order.result(parentId ?? conversationKey, () =>
      changes.followOne(channelIds, conversationKey),
    );
  }
}

/** Those of one conversation. */
class Changes {
  constructor(
    private readonly options: ChangedMessagesOptions,
    private readonly conversation: Conversation,
    private readonly sinceMs: number,
    private readonly signal: AbortSignal,
  ) {}

  /** Of messages of a channel, the newest first. */
  async follow(channelId: string, ids: readonly string[]): Promise<boolean> {
    const { found, oldest } = await this.#latest(channelId, ids);
    let isAll = true;
    for (const id of ids) {
      const message = found.get(id);
      if (message !== undefined) await this.#tell(message);
      else if (BigInt(id) >= oldest) await this.followOne([channelId], id);
      else isAll = false;
    }
    return isAll;
  }

  /** Of a message that stands in one of these channels. */
  async followOne(channelIds: readonly string[], id: string): Promise<void> {
    for (const channelId of channelIds) {
      const message = await this.#look(channelId, id);
      if (message !== undefined) return this.#tell(message);
    }
    const { delivery, left } = this.options;
    const eventId = `deleted ${id}`;
    await delivery.deliver({ type: 'deleted', eventId, ...this.conversation, messageId: id });
    left.takeAway(this.conversation.conversationKey, id);
  }

  /** The messages of a channel up to the newest of these, and which is the oldest that would be among them. */
  async #latest(
    channelId: string,
    ids: readonly string[],
  ): Promise<{ found: Map<string, DiscordMessage>; oldest: bigint }> {
    const found = new Map<string, DiscordMessage>();
    const numbers = ids.map(BigInt).toSorted((a, b) => (a < b ? -1 : 1));
    const [first, last] = [numbers[0], numbers.at(-1)];
    if (first === undefined || last === undefined) return { found, oldest: 0n };
    let before = last + 1n;
    for (let page = 0; page < maxPages && before > first; page++) {
      const messages = await this.#page(channelId, before);
      for (const message of messages) found.set(message.id, message);
      if (messages.length < pageSize) return { found, oldest: 0n };
      before = messages.map(({ id }) => BigInt(id)).reduce((a, b) => (a < b ? a : b));
    }
    return { found, oldest: before };
  }

  async #page(channelId: string, before: bigint): Promise<DiscordMessage[]> {
    const route = Routes.channelMessages(channelId);
    const query = { before: String(before), limit: String(pageSize) };
    const { signal } = this;
    const { json } = await this.options.api.call({ method: 'Get', route, query, signal });
    return z.array(messageSchema).parse(json);
  }

  /** Undefined where it was deleted; where the bot may not read, a list says nothing of that. */
  async #look(channelId: string, id: string): Promise<DiscordMessage | undefined> {
    const route = Routes.channelMessage(channelId, id);
    const { signal } = this;
    try {
      const { json } = await this.options.api.call({ method: 'Get', route, signal });
      return messageSchema.parse(json);
    } catch (error) {
      if (isUnknownMessage(error)) return undefined;
      throw error;
    }
  }

  async #tell(message: DiscordMessage): Promise<void> {
    const changedAtMs = Date.parse(message.edited_timestamp ?? '');
    if (!(changedAtMs >= this.sinceMs)) return;
    const guildId = guildOf(this.conversation.tenant);
    await this.options.changed({ ...message, ...(guildId !== undefined && { guild_id: guildId }) });
  }
}
