import { VistazoError } from '@vistazo/core';
import { BoundedMap, type EventDelivery, type InOrder } from '@vistazo/core/adapter-kit';
import { type Client, GatewayDispatchEvents, Routes } from 'discord.js';
import { z } from 'zod';
import type { AnswerThreads } from './answer-threads.js';
import { type Interaction, interactionSchema } from './commands/interaction.js';
import type { InteractionHandler } from './commands/interaction-handler.js';
import type { DiscordApi } from './discord-api.js';
import type { LeftAnswers } from './left-answers.js';
import type { LinkPreviews } from './link-previews.js';
import {
  bulkDeletionSchema,
  type DiscordMessage,
  deletionSchema,
  guildDeletionSchema,
  messageSchema,
} from './parse-message/discord-message.js';
import { isForBot, isFromPerson } from './parse-message/is-for-bot.js';
import { changeIdOf, editedEvent, messageEvent } from './parse-message/message-event.js';
import type { Surroundings } from './parse-message/surroundings.js';
import { guildTenant, tenantOf } from './place.js';
import type { ReplySender } from './send-reply/reply-sender.js';

/** What {@link GatewayEvents} needs. */
export interface GatewayEventsOptions {
  client: Client;
  api: DiscordApi;
  sender: ReplySender;
  delivery: EventDelivery;
  interactions: InteractionHandler;
  surroundings: Surroundings;
  threads: AnswerThreads;
  left: LeftAnswers;
  previews: LinkPreviews;
  /** In which what happens in a channel is done. */
  order: InOrder;
  /** Channels where every message is for the bot. */
  channels: readonly string[];
  notify: (sentence: string) => void;
}

const maxChannels = 10_000;
const recipientsSchema = z.object({ recipients: z.array(z.object({ id: z.string() })).min(1) });

/** Hands over what Discord tells of, in the order in which it happened in each channel. */
export class GatewayEvents {
  /** With whom direct messages are had. */
  readonly #recipients = new BoundedMap<string, string>(maxChannels);
  readonly #listeners: [GatewayDispatchEvents, (data: unknown) => void][];
  readonly #ready = Promise.withResolvers<void>();
  #hasBegun = false;
  #held = Promise.resolve();

  constructor(private readonly options: GatewayEventsOptions) {
    this.#listeners = [
      [GatewayDispatchEvents.MessageCreate, (data) => this.#heardMessage(data)],
      [GatewayDispatchEvents.MessageUpdate, (data) => this.#heardUpdate(data)],
      [GatewayDispatchEvents.MessageDelete, (data) => this.#heardDeletion(data)],
      [GatewayDispatchEvents.MessageDeleteBulk, (data) => this.#heardBulkDeletion(data)],
      [GatewayDispatchEvents.GuildDelete, (data) => this.#heardGuildDeletion(data)],
      [GatewayDispatchEvents.InteractionCreate, (data) => this.#heardInteraction(data)],
    ];
  }

  /** Begins to listen; what comes waits until the client is ready. */
  listen(): void {
    for (const [event, listener] of this.#listeners) this.options.client.ws.on(event, listener);
  }

  /** The client is ready. */
  begin(): void {
    this.#hasBegun = true;
    this.#ready.resolve();
  }

  /** What comes from now on waits for this too; it must not fail. */
  holdUntil(done: Promise<void>): void {
    const before = this.#held;
    this.#held = before.then(() => done);
  }

  /** A message that the gateway did not tell of; resolves when it is handed over. */
  readonly missed = async (data: unknown): Promise<void> => {
    const message = messageSchema.safeParse(data).data;
    if (message === undefined || !isFromPerson(message)) return;
    await this.#whenReady(() => this.#takeMessage(message, { isMissed: true }));
  };

  /** A change of a message that the gateway may not have told of; resolves when it is handed over. */
  readonly changed = async (message: DiscordMessage): Promise<void> => {
    if (isFromPerson(message)) await this.#whenReady(() => this.#takeEdit(message));
  };

  /** Hears nothing more; resolves when what was heard is handed over. */
  async stop(): Promise<void> {
    for (const [event, listener] of this.#listeners) this.options.client.ws.off(event, listener);
    this.#ready.resolve();
    await this.options.order.idle();
  }

  #heardMessage(data: unknown): void {
    const message = messageSchema.safeParse(data).data;
    if (message === undefined || !isFromPerson(message)) return;
    this.#do(message.channel_id, () => this.#takeMessage(message));
  }

  #heardUpdate(data: unknown): void {
    const message = messageSchema.safeParse(data).data;
    if (message === undefined || !isFromPerson(message)) return;
    this.options.previews.changed(message);
    // Discord itself changes messages too, as when it has found the preview of a link.
    if (message.edited_timestamp == null) return;
    this.#do(message.channel_id, () => this.#takeEdit(message));
  }

  #heardDeletion(data: unknown): void {
    const deletion = deletionSchema.safeParse(data).data;
    if (deletion === undefined) return;
    const { id, channel_id, guild_id } = deletion;
    this.#do(channel_id, () => this.#takeDeletion(guild_id, channel_id, id));
  }

  #heardBulkDeletion(data: unknown): void {
    const deletion = bulkDeletionSchema.safeParse(data).data;
    if (deletion === undefined) return;
    const { ids, channel_id, guild_id } = deletion;
    this.#do(channel_id, async () => {
      for (const id of ids) await this.#takeDeletion(guild_id, channel_id, id);
    });
  }

  #heardGuildDeletion(data: unknown): void {
    const guild = guildDeletionSchema.safeParse(data).data;
    if (guild === undefined || guild.unavailable === true) return;
    this.#do(guild.id, async () => {
      await this.options.delivery.forget(guildTenant(guild.id));
    });
  }

  #heardInteraction(data: unknown): void {
    const interaction: Interaction | undefined = interactionSchema.safeParse(data).data;
    if (interaction === undefined) return;
    this.#do(interaction.id, () => this.options.interactions.handle(interaction));
  }

  async #takeMessage(posted: DiscordMessage, { isMissed = false } = {}): Promise<void> {
    const { surroundings, channels, previews } = this.options;
    if (posted.guild_id === undefined) this.#recipients.set(posted.channel_id, posted.author.id);
    if (!(await isForBot(posted, surroundings, channels))) return;
    const message = await previews.waitFor(posted);
    await this.#hand(message, { isMissed });
  }

  async #hand(message: DiscordMessage, { isMissed = false } = {}): Promise<void> {
    const { surroundings, threads, sender, delivery } = this.options;
    const conversationKey = await threads.placeOf(message);
    const event = { ...(await messageEvent(message, surroundings)), conversationKey };
    sender.answers.of(event).askerId = event.author.id;
    if (!isMissed) return void (await delivery.deliver(event, message.channel_id));
    // Its changes until now are in it, and no news later.
    const eventId = message.edited_timestamp == null ? event.eventId : changeIdOf(message);
    if ((await delivery.deliverMissed({ ...event, eventId })) !== 'known') return;
    // The change may be known of a time when there was no such question.
    if (eventId !== event.eventId) await delivery.deliverMissed(event);
  }

  async #takeEdit(message: DiscordMessage): Promise<void> {
    const { surroundings, channels, threads, delivery } = this.options;
    if (!(await isForBot(message, surroundings, channels))) return;
    const { id, channel_id: channelId } = message;
    const edited = await editedEvent(message, surroundings, changeIdOf(message));
    for (const conversationKey of threads.placesOf({ id, channelId })) {
      const eventId = `${edited.eventId}${inThread(conversationKey, id)}`;
      if ((await delivery.deliver({ ...edited, eventId, conversationKey })) !== 'known') return;
    }
    // It may not have been for the bot before.
    await this.#hand(message);
  }

  async #takeDeletion(
    guildId: string | undefined,
    channelId: string,
    messageId: string,
  ): Promise<void> {
    const userId = guildId === undefined ? await this.#recipientOf(channelId) : undefined;
    if (guildId === undefined && userId === undefined) return;
    const { delivery, threads, left } = this.options;
    for (const conversationKey of threads.placesOf({ id: messageId, channelId })) {
      const taken = await delivery.deliver({
        type: 'deleted',
        eventId: `deleted ${messageId}${inThread(conversationKey, messageId)}`,
        tenant: tenantOf({ guildId, channelId, userId }),
        conversationKey,
        messageId,
      });
      if (taken === 'accepted') left.takeAway(conversationKey, messageId);
      if (taken !== 'known') return;
    }
  }

  async #recipientOf(channelId: string): Promise<string | undefined> {
    const known = this.#recipients.get(channelId);
    if (known !== undefined) return known;
    const { json } = await this.options.api.call({
      method: 'Get',
      route: Routes.channel(channelId),
    });
    const id = recipientsSchema.safeParse(json).data?.recipients[0]?.id;
    if (id !== undefined) this.#recipients.set(channelId, id);
    return id;
  }

  #do(key: string, work: () => Promise<void>): void {
    const held = this.#held;
    this.options.order.run(key, async () => {
      await held;
      await this.#whenReady(work);
    });
  }

  async #whenReady(work: () => Promise<void>): Promise<void> {
    await this.#ready.promise;
    if (!this.#hasBegun) return;
    await work().catch((error: unknown) => {
      // What others throw may say what people wrote.
      const what = error instanceof VistazoError ? error.message : 'internal';
      this.options.notify(`Something from Discord could not be handled: ${what}`);
    });
  }
}

/** Tells events about a message in its thread from those about it in its channel. */
function inThread(conversationKey: string, messageId: string): string {
  return conversationKey === messageId ? ' in thread' : '';
}
