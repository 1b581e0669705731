import { conversationKeyOf, isDirect } from '../place.js';
import { isReply, type PostedMessage } from './slack-message.js';

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
export function isFromPerson(message: PostedMessage, botUserId?: string): message is PersonMessage {
  const { subtype, user, bot_id } = message;
  // Files that a bot shares may come without `bot_id`.
  const isPerson = user !== undefined && user !== botUserId && user !== 'USLACKBOT';
  return isPerson && bot_id == null && subtypesOfPeople.includes(subtype);
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
 * Whether a message is meant for the bot: it is a direct message, mentions it, stands in one of `channels`, in a
 * thread where it was asked, or below a message of its own.
 */
export function isForBot(message: PersonMessage, rules: ListeningRules): boolean {
  const { channel, parent_user_id } = message;
  const { botUserId, channels, channelMessages, threadReplies, isKnown } = rules;
  if (isDirect(channel) || isMentioned(message, botUserId)) return true;
  if (channels.includes(channel) && (channelMessages === 'all' || bringsFile(message))) return true;
  if (!isReply(message) || !threadReplies) return false;
  return parent_user_id === botUserId || isKnown(conversationKeyOf(message));
}

/** Whether a message mentions the bot. */
export function isMentioned({ text }: PostedMessage, botUserId: string): boolean {
  return text.includes(`<@${botUserId}>`) || text.includes(`<@${botUserId}|`);
}

/** One of its own, or of a message that it shares. */
function bringsFile({ files, attachments }: PostedMessage): boolean {
  return [{ files }, ...(attachments ?? [])].some((each) => (each.files ?? []).length > 0);
}
