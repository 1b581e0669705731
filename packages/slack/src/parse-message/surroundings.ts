import type { PersonMessage } from './is-for-bot.js';
import type { plainText } from './plain-text.js';
import type { SlackMessage } from './slack-message.js';

/** Names of people, channels and groups, for {@link plainText}. */
export type Names = Parameters<typeof plainText>[1];

/** What there is around a message: names, and other messages. */
export interface Surroundings {
  /** How a person is called; their id where that cannot be had. */
  nameOf(team: string, userId: string): Promise<string>;
  /** Names of those whom a text mentions. */
  namesFor(text: string, team: string): Promise<Names>;
  /** What was said before a message in its thread and is not known to the bot, the earliest first. */
  unseenBefore(message: PersonMessage): Promise<SlackMessage[]>;
}
