import type { AdapterHost, PlatformEvent } from '@vistazo/core';
import { BoundedMap, InOrder } from '@vistazo/core/adapter-kit';
import type { z } from 'zod';
import type { AskedConversations } from './asked-conversations.js';
import {
  isForBot,
  isFromPerson,
  type ListeningRules,
  type PersonMessage,
} from './parse-message/is-for-bot.js';
import { type EventInThread, editedEvent, messageEvent } from './parse-message/message-event.js';
import { picturesOfBlocks } from './parse-message/pictures-of-blocks.js';
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
import type { UnfinishedQuestion, UnfinishedQuestions } from './unfinished-questions.js';

/** A message that is for the bot. */
export type Question = Extract<PlatformEvent, { type: 'message' }>;

/** What {@link SlackEvents} needs. */
export interface SlackEventsOptions {
  receive: AdapterHost['receive'];
  surroundings: Surroundings;
  threads: Threads;
  asked: AskedConversations;
  unfinished: UnfinishedQuestions;
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
 * is about is stored, and throws `store.failed` where it could not be: Slack tells of it again. What Slack does not
 * tell soon of the thread of a question follows as a change of it.
 */
export class SlackEvents {
  readonly #order = new InOrder();
  /** How many files a message was handed over with. */
  readonly #fileCounts = new BoundedMap<string, number>(maxMessages);
  /** Messages that are gone; Slack may tell of them again. */
  readonly #deleted = new BoundedMap<string, true>(maxMessages);
  readonly #finishing = new Set<Promise<void>>();

  constructor(private readonly options: SlackEventsOptions) {}

  /** An event `message` or `app_mention`. */
  async heardMessage(event: unknown, place: EventPlace): Promise<void> {
    const changed = fieldOf(event, 'subtype');
    if (changed === 'message_changed') return this.#heardChange(event, place);
    if (changed === 'message_deleted') return this.#heardDeletion(event, place);
    const posted = read(messageEventSchema, event);
    if (posted === undefined) return;
    const message = { ...posted, team: place.team };
    // Mentions are told of in channels too of which nothing else is.
    const fromBeginning = fieldOf(event, 'type') === 'message';
    // Many may wait in one thread: who wrote this is found out meanwhile.
    if (this.#isNew(message, place))
      void this.options.surroundings.nameOf(message.team, message.user);
    await this.#inOrder(message, () => this.#takeMessage(message, place, fromBeginning));
  }

  /** Completes what an earlier process had to leave in a team. Throws `store.failed`. */
  async resume(team: string): Promise<void> {
    for (const question of await this.options.unfinished.left(team))
      this.#finishLater({ ...question, text: '' }, question);
  }

  /** Resolves when nothing is under way; what waits for Slack is left to the next start. */
  async stop(): Promise<void> {
    this.options.threads.stop();
    await Promise.all(this.#finishing);
    await this.#order.idle();
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
      this.#deleted.set(keyOf(message), true);
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

  async #takeMessage(
    message: PostedMessage,
    place: EventPlace,
    fromBeginning: boolean,
  ): Promise<void> {
    if (this.#deleted.get(keyOf(message))) return;
    if (this.#isNew(message, place)) await this.#hand(message, place);
    this.options.threads.heard(message, { fromBeginning });
  }

  #isNew(message: PostedMessage, place: EventPlace): message is PersonMessage {
    return (
      isFromPerson(message, place.botUserId) && isForBot(message, this.#rulesFor(message, place))
    );
  }

  async #hand(message: PersonMessage, place: EventPlace): Promise<void> {
    const { receive, surroundings, asked, onQuestion } = this.options;
    const made = await messageEvent(message, surroundings);
    await this.#noteUnfinished(message, made, place);
    onQuestion(made.event);
    // Before it is stored: what is said below it may come before Slack tells again of one that was not.
    asked.asked(made.event);
    const taken = await receive(made.event);
    if (!made.isWhole) this.#finishLater(message, { ...place, ...made });
    const key = keyOf(message);
    const fileCount = message.files?.length ?? 0;
    const handed = this.#fileCounts.get(key) ?? fileCount;
    this.#fileCounts.set(key, Math.max(handed, fileCount));
    // A mention is told of twice, and perhaps first without the files of the message.
    if (taken === 'known' && fileCount > handed) await this.#change(message, 'whole', place);
  }

  async #takeChange(
    message: PostedMessage,
    before: SlackMessage | undefined,
    place: EventPlace,
  ): Promise<void> {
    if (this.#deleted.get(keyOf(message))) return;
    this.options.threads.heard(message);
    if (!isFromPerson(message, place.botUserId)) return;
    const change = changeOf(message, before);
    if (change === undefined) return;
    const { team: tenant, ts: messageId } = message;
    const isMeant = isForBot(message, this.#rulesFor(message, place));
    const conversationKey = conversationKeyOf(message);
    // Who takes the mention out of a question asks it still.
    if (!isMeant && !this.options.asked.has({ tenant, conversationKey, messageId })) return;
    if ((await this.#change(message, change, place)) !== 'known') return;
    // It may not have been for the bot before.
    if (isMeant && change.startsWith('edited')) await this.#hand(message, place);
  }

  async #change(message: PersonMessage, change: string, place: EventPlace) {
    const { channel, ts } = message;
    const eventId = `${change} ${channel} ${ts}`;
    const made = await editedEvent(message, this.options.surroundings, eventId);
    await this.#noteUnfinished(message, made, place);
    const taken = await this.options.receive(made.event);
    if (!made.isWhole) this.#finishLater(message, { ...place, ...made });
    return taken;
  }

  async #noteUnfinished(
    { team, channel, ts, thread_ts = ts }: PersonMessage,
    { isWhole, earlierCount }: Pick<EventInThread<'message'>, 'isWhole' | 'earlierCount'>,
    { botUserId }: EventPlace,
  ): Promise<void> {
    const question = { team, channel, ts, thread_ts, botUserId, earlierCount };
    if (!isWhole) await this.options.unfinished.begin(question);
  }

  /** Completes a question when Slack has told of its thread. */
  #finishLater(
    message: PostedMessage,
    known: Pick<UnfinishedQuestion, 'botUserId' | 'earlierCount'>,
  ): void {
    const work: Promise<void> = this.options.threads
      .whole(message)
      .then(() => this.#inOrder(message, () => this.#finish(message, known)))
      // It is noted in the store, and done at the next start.
      .catch(() => {})
      .finally(() => this.#finishing.delete(work));
    this.#finishing.add(work);
  }

  async #finish(
    { team, channel, ts, thread_ts }: PostedMessage,
    { botUserId, earlierCount }: Pick<UnfinishedQuestion, 'botUserId' | 'earlierCount'>,
  ): Promise<void> {
    const { threads, surroundings, unfinished, receive } = this.options;
    const place = { team, channel, ts, thread_ts };
    const found = threads.versionOf(place);
    const message = found && { ...found, ...place };
    if (message !== undefined && isFromPerson(message, botUserId)) {
      const eventId = `completed ${message.edited?.ts ?? ''} ${channel} ${ts}`;
      const made = await editedEvent(message, surroundings, eventId);
      if (made.earlierCount > earlierCount) await receive(made.event);
    }
    await unfinished.end(place);
  }

  #rulesFor({ team: tenant }: PostedMessage, { botUserId }: EventPlace): ListeningRules {
    const isKnown = (conversationKey: string) =>
      this.options.asked.latestIn({ tenant, conversationKey }) !== undefined;
    return { ...this.options.rules, botUserId, isKnown };
  }

  /** Resolves when it is done, and throws what it throws. */
  #inOrder(message: PostedMessage, work: () => Promise<void>): Promise<void> {
    return this.#order.result(`${message.team} ${conversationKeyOf(message)}`, work);
  }
}

function keyOf({ team, channel, ts }: PostedMessage): string {
  return `${team} ${channel} ${ts}`;
}

function fieldOf(event: unknown, name: string): unknown {
  return typeof event === 'object' && event !== null ? Reflect.get(event, name) : undefined;
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

/** Slack adds those of links a moment after the message. What shows only words is not worth another answer. */
function countPreviews(message: SlackMessage | undefined): number {
  return (message?.attachments ?? []).filter(
    ({ image_url, thumb_url, files, is_msg_unfurl, blocks }) =>
      image_url ||
      thumb_url ||
      is_msg_unfurl ||
      files?.length ||
      picturesOfBlocks(blocks).length > 0,
  ).length;
}
