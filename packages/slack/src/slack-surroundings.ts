import type { AskedConversations } from './asked-conversations.js';
import type { PersonMessage } from './parse-message/is-for-bot.js';
import type { SlackMessage } from './parse-message/slack-message.js';
import type { Names, Surroundings } from './parse-message/surroundings.js';
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

/** What Slack tells about what stands around a message. */
export class SlackSurroundings implements Surroundings {
  constructor(private readonly options: SlackSurroundingsOptions) {}

  async nameOf(team: string, userId: string): Promise<string> {
    return (await this.options.people.of(team, userId)).name;
  }

  async namesFor(text: string, team: string): Promise<Names> {
    const botUserId = this.options.botUserIdIn(team) ?? '';
    const ids = new Set([...text.matchAll(/<@([A-Z0-9]+)/g)].map(([, id = '']) => id));
    ids.delete(botUserId);
    const wanted = [...ids].slice(0, maxMentions);
    const names = await Promise.all(
      wanted.map(async (id) => [id, await this.nameOf(team, id)] as const),
    );
    const known = new Map(names);
    return {
      botUserId,
      user: (id) => known.get(id),
      // Slack writes them beside the id.
      channel: () => undefined,
      userGroup: () => undefined,
    };
  }

  async unseenBefore(message: PersonMessage): Promise<SlackMessage[]> {
    const { team } = message;
    if (message.thread_ts === undefined || message.thread_ts === message.ts) return [];
    const place = { tenant: team, conversationKey: conversationKeyOf(message) };
    const after = Number(this.options.asked.latestIn(place) ?? 0);
    const botUserId = this.options.botUserIdIn(team);
    const earlier = await this.options.threads.before(message);
    return earlier.filter(({ ts, user }) => Number(ts) > after && user !== botUserId);
  }
}
