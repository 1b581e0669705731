import type { PersonMessage } from './is-for-bot.js';
import type { plainText } from './plain-text.js';
import type { SlackMessage } from './slack-message.js';

/** Names of people, channels and groups, for {@link plainText}. */
export type Names = Parameters<typeof plainText>[1];

/** A message that was posted before another one. */
export interface EarlierMessage {
  message: SlackMessage;
  /** The message of the bot that is replied to, the one that the thread was begun of, or one between. */
  source: 'reply' | 'thread' | 'history';
}

/** What was said before a message and is not known to the bot. */
export interface Earlier {
  /** The earliest first. */
  messages: EarlierMessage[];
  /** Whether that is all; what is lacking Slack has not told yet. */
  isWhole: boolean;
}

/** What there is around a message: names, and other messages. */
export interface Surroundings {
  /** How a person is called; their id where that cannot be had soon. */
  nameOf(team: string, userId: string): Promise<string>;
  /** Names of those whom a text mentions. */
  namesFor(text: string, team: string): Promise<Names>;
  /** What was said in its thread before a message. */
  unseenBefore(message: PersonMessage): Promise<Earlier>;
}
