import { conversationKeyOf, isDirect } from '../place.js';
import type { PostedMessage } from './slack-message.js';

/** A message that a person wrote. */
export type PersonMessage = PostedMessage & { user: string };

/** What people write has one of these. */
const subtypesOfPeople: readonly (string | undefined)[] = [
  undefined,
  'file_share',
  'me_message',
  'thread_broadcast',
];

/** Whether a person wrote it: neither an app nor Slack itself. */
export function isFromPerson(message: PostedMessage): message is PersonMessage {
  const { subtype, user, bot_id } = message;
  return subtypesOfPeople.includes(subtype) && user !== undefined && bot_id == null;
}

/** When a message is for the bot. */
export interface ListeningRules {
  botUserId: string;
  /** Channels where the bot answers without being mentioned. */
  channels: readonly string[];
  /** What is for it in those: every message, or only those that bring a file. */
  channelMessages: 'all' | 'files';
  /** Whether what is said in a thread where the bot was asked is for it too. */
  threadReplies: boolean;
  /** Whether the bot was asked in a conversation. */
  isKnown: (conversationKey: string) => boolean;
}

/**
 * Whether a message is meant for the bot: it is a direct message, mentions it, stands in one of `channels`, or in a
 * thread where it was asked.
 */
export function isForBot(message: PersonMessage, rules: ListeningRules): boolean {
  const { channel, thread_ts, files } = message;
  if (isDirect(channel) || isMentioned(message, rules.botUserId)) return true;
  const isReply = thread_ts !== undefined && thread_ts !== message.ts;
  if (rules.channels.includes(channel)) {
    if (rules.channelMessages === 'files') return (files ?? []).length > 0;
    return true;
  }
  return isReply && rules.threadReplies && rules.isKnown(conversationKeyOf(message));
}

/** Whether a message mentions the bot. */
export function isMentioned({ text }: PostedMessage, botUserId: string): boolean {
  return text.includes(`<@${botUserId}>`) || text.includes(`<@${botUserId}|`);
}
