import type { AdapterHost } from '@vistazo/core';
import { BoundedMap, InOrder } from '@vistazo/core/adapter-kit';
import type { z } from 'zod';
import type { AskedConversations } from './asked-conversations.js';
import {
  isForBot,
  isFromPerson,
  type ListeningRules,
  type PersonMessage,
} from './parse-message/is-for-bot.js';
import { editedEvent, messageEvent } from './parse-message/message-event.js';
import {
  changeSchema,
  deletionSchema,
  messageEventSchema,
  type PostedMessage,
  type SlackMessage,
} from './parse-message/slack-message.js';
import type { Surroundings } from './parse-message/surroundings.js';
import { conversationKeyOf } from './place.js';
import type { Threads } from './threads.js';

/** A message that is for the bot. */
export type Question = Awaited<ReturnType<typeof messageEvent>>;

/** What {@link SlackEvents} needs. */
export interface SlackEventsOptions {
  receive: AdapterHost['receive'];
  surroundings: Surroundings;
  threads: Threads;
  asked: AskedConversations;
  rules: Omit<ListeningRules, 'botUserId' | 'isKnown'>;
  /** Told of each question before it is handed over. */
  onQuestion: (question: Question) => void;
}

const maxMessages = 10_000;

/** Where an event happened, as Slack's envelope says. */
export interface EventPlace {
  team: string;
  /** The bot's user in that team. */
  botUserId: string;
}

/**
 * Hands over what people write, in the order in which it came in each conversation. Each call resolves when what it
 * is about is stored, and throws `store.failed` where it could not be: Slack tells of it again.
 */
export class SlackEvents {
  readonly #order = new InOrder();
  /** How many files a message was handed over with. */
  readonly #fileCounts = new BoundedMap<string, number>(maxMessages);

  constructor(private readonly options: SlackEventsOptions) {}

  /** An event `message` or `app_mention`. */
  async heardMessage(event: unknown, place: EventPlace): Promise<void> {
    const changed = subtypeOf(event);
    if (changed === 'message_changed') return this.#heardChange(event, place);
    if (changed === 'message_deleted') return this.#heardDeletion(event, place);
    const posted = read(messageEventSchema, event);
    if (posted === undefined) return;
    const message = { ...posted, team: place.team };
    await this.#inOrder(message, () => this.#takeMessage(message, place));
  }

  /** Resolves when nothing is under way. */
  idle(): Promise<void> {
    return this.#order.idle();
  }

  async #heardChange(event: unknown, place: EventPlace): Promise<void> {
    const change = read(changeSchema, event);
    if (change === undefined) return;
    const { channel, message: now, previous_message: before } = change;
    const message = { ...now, channel, team: place.team };
    if (now.subtype === 'tombstone') return this.#delete(message);
    await this.#inOrder(message, () => this.#takeChange(message, before, place));
  }

  async #heardDeletion(event: unknown, { team }: EventPlace): Promise<void> {
    const deletion = read(deletionSchema, event);
    if (deletion === undefined) return;
    const { channel, deleted_ts: ts, previous_message: before } = deletion;
    await this.#delete({ text: '', ...before, ts, channel, team });
  }

  #delete(message: PostedMessage): Promise<void> {
    return this.#inOrder(message, async () => {
      this.options.threads.forgot(message);
      const { channel, ts, team: tenant } = message;
      await this.options.receive({
        type: 'deleted',
        eventId: `deleted ${channel} ${ts}`,
        tenant,
        conversationKey: conversationKeyOf(message),
        messageId: ts,
      });
    });
  }

  async #takeMessage(message: PostedMessage, place: EventPlace): Promise<void> {
    const isNew = isFromPerson(message) && isForBot(message, this.#rulesFor(message, place));
    if (isNew) await this.#hand(message);
    this.options.threads.heard(message);
  }

  async #hand(message: PersonMessage): Promise<void> {
    const { receive, surroundings, asked, onQuestion } = this.options;
    const event = await messageEvent(message, surroundings);
    onQuestion(event);
    const taken = await receive(event);
    asked.asked(event);
    const { team, channel, ts } = message;
    const key = `${team} ${channel} ${ts}`;
    const fileCount = message.files?.length ?? 0;
    const handed = this.#fileCounts.get(key) ?? fileCount;
    this.#fileCounts.set(key, Math.max(handed, fileCount));
    // A mention is told of twice, and perhaps first without the files of the message.
    if (taken === 'known' && fileCount > handed)
      await receive(await editedEvent(message, surroundings, `whole ${channel} ${ts}`));
  }

  async #takeChange(
    message: PostedMessage,
    before: SlackMessage | undefined,
    place: EventPlace,
  ): Promise<void> {
    this.options.threads.heard(message);
    if (!isFromPerson(message)) return;
    const change = changeOf(message, before);
    if (change === undefined || !isForBot(message, this.#rulesFor(message, place))) return;
    const { channel, ts } = message;
    const eventId = `${change} ${channel} ${ts}`;
    const edited = await editedEvent(message, this.options.surroundings, eventId);
    if ((await this.options.receive(edited)) !== 'known') return;
    // It may not have been for the bot before.
    if (change.startsWith('edited')) await this.#hand(message);
  }

  #rulesFor({ team: tenant }: PostedMessage, { botUserId }: EventPlace): ListeningRules {
    const isKnown = (conversationKey: string) =>
      this.options.asked.latestIn({ tenant, conversationKey }) !== undefined;
    return { ...this.options.rules, botUserId, isKnown };
  }

  /** Resolves when it is done, and throws what it throws. */
  async #inOrder(message: PostedMessage, work: () => Promise<void>): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const key = `${message.team} ${conversationKeyOf(message)}`;
    this.#order.run(key, () => work().then(resolve, reject));
    await promise;
  }
}

function subtypeOf(event: unknown): unknown {
  return typeof event === 'object' && event !== null && 'subtype' in event
    ? event.subtype
    : undefined;
}

function read<Schema extends z.ZodType>(
  schema: Schema,
  event: unknown,
): z.output<Schema> | undefined {
  return schema.safeParse(event).data;
}

/** What a change is, so that the same one is known again; undefined where nothing changed for a reader. */
function changeOf(message: SlackMessage, before: SlackMessage | undefined): string | undefined {
  const edited = message.edited?.ts;
  if (edited !== undefined && edited !== before?.edited?.ts) return `edited ${edited}`;
  const previews = countPreviews(message);
  return previews > countPreviews(before) ? `previewed ${previews}` : undefined;
}

/** Slack adds those of links a moment after the message. */
function countPreviews(message: SlackMessage | undefined): number {
  return (message?.attachments ?? []).filter(({ image_url, files }) => image_url != null || files)
    .length;
}
