import { type AdapterHost, type KnownMessage, VistazoError } from '@vistazo/core';
import type { AskedConversations } from '../asked-conversations.js';
import { isMentioned } from '../parse-message/is-for-bot.js';
import { isReply } from '../parse-message/slack-message.js';
import { conversationKeyOf, isTs } from '../place.js';
import type { PacedCalls } from '../send-reply/paced-calls.js';
import type { EventPlace } from '../slack-events.js';
import { keyOfLook, type Look } from './looks.js';
import { type MissedPages, MissedReader, type ToldMessage } from './missed-pages.js';

/** What {@link MissedMessages} needs. */
export interface MissedMessagesOptions {
  calls: PacedCalls;
  host: Pick<AdapterHost, 'knownIn'>;
  asked: AskedConversations;
  /** Takes what is found as Slack's event would have told of it. */
  take: (event: unknown, place: EventPlace) => Promise<void>;
}

/** Where a team is looked at. */
export interface MissedIn {
  place: EventPlace;
  /** Since when the bot answers in channels without being mentioned, by their ids. */
  watchedSince: ReadonlyMap<string, string>;
  signal: AbortSignal;
}

/** Threads of one channel that are looked at because something was said in them, the newest ones. */
const maxThreads = 100;
/** Why an event is never stored, however often it comes. */
const finalCodes: readonly string[] = ['option.invalid', 'platform.gone'];

/** Finds what was said in a place while the bot was away, and what became of questions there. */
export class MissedMessages {
  constructor(private readonly options: MissedMessagesOptions) {}

  /**
   * Hands over what is for the bot, in order, and changes and deletions of questions that Slack's answer shows. Gives
   * the threads in which something was said besides, and whether that was all: it looks at 1,000 messages and 100
   * threads at most. Throws what Slack fails with, and `store.failed`.
   */
  async lookIn(look: Look, missedIn: MissedIn): Promise<{ threads: Look[]; isAll: boolean }> {
    const { place, signal } = missedIn;
    const reader = new MissedReader(this.options.calls, place.team, signal);
    const pages = await reader.read(look);
    const own = new Set(await this.#knownIn(place.team, keyOfLook(look)));
    for (const message of pages.messages) {
      signal.throwIfAborted();
      await this.#tell(look, message, own, missedIn);
    }
    await this.#tellDeleted(look, pages, own, reader, place);
    const threads = look.threadTs === undefined ? threadsIn(look, pages.messages) : [];
    const isAll = pages.isAll && threads.length <= maxThreads;
    return { threads: threads.slice(-maxThreads), isAll };
  }

  async #tell(
    look: Look,
    told: ToldMessage,
    own: ReadonlySet<string>,
    { place, watchedSince }: MissedIn,
  ): Promise<void> {
    const { asked } = this.options;
    const { channel, afterTs } = look;
    const message = { ...told, channel, team: place.team };
    const conversationKey = conversationKeyOf(message);
    const conversation = { tenant: place.team, conversationKey };
    const isOwn = conversationKey === keyOfLook(look);
    if (await (isOwn ? own.has(told.ts) : this.#isKnown(conversation, told.ts))) {
      const isDeleted = told.subtype === 'tombstone';
      if (!isDeleted && !(Number(told.edited?.ts) > Number(afterTs))) return;
      asked.asked({ ...conversation, messageId: told.ts });
      const changed = { type: 'message', subtype: 'message_changed', channel, message: told };
      return this.#take(changed, place);
    }
    const since = watchedSince.get(channel);
    const isBefore = since !== undefined && Number(told.ts) < Number(since);
    const isInKnown = isReply(told) && asked.latestIn(conversation) !== undefined;
    if (isBefore && !isInKnown && !isMentioned(message, place.botUserId)) return;
    // Without its type: it does not say that the bot heard what followed.
    await this.#take({ ...told, channel }, place);
  }

  /** What the store knows of the place and Slack does not any more. */
  async #tellDeleted(
    look: Look,
    { messages, isAll, isGone }: MissedPages,
    own: ReadonlySet<string>,
    reader: MissedReader,
    place: EventPlace,
  ): Promise<void> {
    const { channel, threadTs, afterTs } = look;
    const isThere = new Set(messages.map(({ ts }) => ts));
    const isMissing = (ts: string) => isGone || (isAll && Number(ts) > Number(afterTs));
    for (const ts of own) {
      if (!isTs(ts) || isThere.has(ts) || !isMissing(ts)) continue;
      if (!isGone && (await reader.has(look, ts))) continue;
      const previous_message = { ts, ...(threadTs !== undefined && { thread_ts: threadTs }) };
      const deletion = { channel, deleted_ts: ts, previous_message };
      await this.#take({ type: 'message', subtype: 'message_deleted', ...deletion }, place);
    }
  }

  /** What can never be stored does not keep the bot from what follows. */
  async #take(event: unknown, place: EventPlace): Promise<void> {
    try {
      await this.options.take(event, place);
    } catch (error) {
      if (!(error instanceof VistazoError) || !finalCodes.includes(error.code)) throw error;
    }
  }

  async #isKnown(conversation: Omit<KnownMessage, 'messageId'>, ts: string): Promise<boolean> {
    if (this.options.asked.latestIn(conversation) === undefined) return false;
    const { tenant, conversationKey } = conversation;
    return (await this.#knownIn(tenant, conversationKey)).includes(ts);
  }

  #knownIn(tenant: string, conversationKey: string): Promise<string[]> {
    return this.options.host.knownIn({ tenant, conversationKey });
  }
}

/** Of the messages of a channel those below which something was said. */
function threadsIn({ channel, afterTs }: Look, messages: readonly ToldMessage[]): Look[] {
  return messages
    .filter(({ reply_count, latest_reply }) => {
      const isNew = latest_reply == null || Number(latest_reply) > Number(afterTs);
      return (reply_count ?? 0) > 0 && isNew;
    })
    .map(({ ts: threadTs }) => ({ channel, threadTs, afterTs }));
}
