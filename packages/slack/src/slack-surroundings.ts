import { BoundedMap, inTime } from '@vistazo/core/adapter-kit';
import type { AskedConversations } from './asked-conversations.js';
import type { PersonMessage } from './parse-message/is-for-bot.js';
import { isReply } from './parse-message/slack-message.js';
import type { Earlier, EarlierMessage, Names, Surroundings } from './parse-message/surroundings.js';
import type { People } from './people.js';
import { conversationKeyOf } from './place.js';
import type { Threads } from './threads.js';

/** What {@link SlackSurroundings} needs. */
export interface SlackSurroundingsOptions {
  people: People;
  threads: Threads;
  asked: AskedConversations;
  /** The bot's user in a team. */
  botUserIdIn: (team: string) => string | undefined;
}

/** More people than a message sensibly mentions are not asked for. */
const maxMentions = 20;
/**
 * How long Slack is waited for before a message is stored and acknowledged, once for each person and thread, as many
 * messages may wait for the same. Slack wants to have the acknowledgement within three seconds.
 */
const patienceMs = 1_000;
const maxAsked = 10_000;

/** What Slack tells about what stands around a message, as far as it tells it soon. */
export class SlackSurroundings implements Surroundings {
  /** Since when it is asked who somebody is, while there is no answer. */
  readonly #askedAtMs = new BoundedMap<string, number>(maxAsked);

  constructor(private readonly options: SlackSurroundingsOptions) {}

  async nameOf(team: string, userId: string): Promise<string> {
    const key = `${team} ${userId}`;
    const nowMs = performance.now();
    const sinceMs = this.#askedAtMs.get(key) ?? nowMs;
    this.#askedAtMs.set(key, sinceMs);
    const asked = this.options.people.of(team, userId).finally(() => this.#askedAtMs.delete(key));
    const person = await inTime(asked, Math.max(0, sinceMs + patienceMs - nowMs));
    return person === 'late' ? userId : person.name;
  }

  async namesFor(text: string, team: string): Promise<Names> {
    const botUserId = this.options.botUserIdIn(team) ?? '';
    const ids = new Set([...text.matchAll(/<@([A-Z0-9]+)/g)].map(([, id = '']) => id));
    ids.delete(botUserId);
    const wanted = [...ids].slice(0, maxMentions);
    const names = await Promise.all(
      wanted.map(async (id) => [id, await this.nameOf(team, id)] as const),
    );
    const known = new Map(names.filter(([id, name]) => id !== name));
    return {
      botUserId,
      user: (id) => known.get(id),
      // Slack writes them beside the id.
      channel: () => undefined,
      userGroup: () => undefined,
    };
  }

  async unseenBefore(message: PersonMessage): Promise<Earlier> {
    if (!isReply(message)) return { messages: [], isWhole: true };
    const { threads, asked, botUserIdIn } = this.options;
    const { team: tenant, ts: messageId } = message;
    const conversationKey = conversationKeyOf(message);
    const after = Number(asked.latestBefore({ tenant, conversationKey, messageId }) ?? 0);
    const botUserId = botUserIdIn(tenant);
    const { messages, isWhole } = await threads.before(message, patienceMs);
    const unseen = messages.flatMap((earlier): EarlierMessage[] => {
      const isRoot = earlier.ts === message.thread_ts;
      const isOwn = botUserId !== undefined && earlier.user === botUserId;
      // What it answered in the thread it knows, and what an assistant's thread begins with says nothing.
      const isKnown = Number(earlier.ts) <= after || (isOwn && !isRoot);
      if (isKnown || earlier.subtype === 'assistant_app_thread') return [];
      return [{ message: earlier, source: isOwn ? 'reply' : isRoot ? 'thread' : 'history' }];
    });
    return { messages: unseen, isWhole };
  }
}
