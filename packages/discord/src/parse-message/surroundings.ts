import type { DiscordMessage, PlainMessage } from './discord-message.js';

/** What is known of a channel. */
export interface ChannelFacts {
  name: string | undefined;
  /** Of a thread, the channel that it is in. */
  parentId: string | undefined;
  isThread: boolean;
  /** Whether it is a thread that the bot began. */
  isOwnThread: boolean;
}

/** What there is around a message: who the bot is, names, and other messages. */
export interface Surroundings {
  readonly botId: string;
  /** The role that Discord made for the bot in a server, which people mention for it. */
  botRoleId(guildId: string): string | undefined;
  channel(channelId: string): ChannelFacts | undefined;
  roleName(guildId: string, roleId: string): string | undefined;
  /** Whether a message is the first of its thread to be asked, so that the thread is not known yet. */
  isFirstInThread(threadId: string, messageId: string): boolean;
  /** Some messages before one, the newest first; none where the bot does not see them. */
  messagesBefore(channelId: string, messageId: string): Promise<PlainMessage[]>;
  /** Undefined when it was deleted, or the bot may not see it. */
  message(channelId: string, messageId: string): Promise<PlainMessage | undefined>;
}

/** The message that another one replies to. */
export async function repliedTo(
  { message_reference, referenced_message, channel_id }: DiscordMessage,
  surroundings: Surroundings,
): Promise<PlainMessage | undefined> {
  if (message_reference?.message_id === undefined || message_reference.type !== replyReference)
    return undefined;
  if (referenced_message !== undefined) return referenced_message ?? undefined;
  return surroundings.message(
    message_reference.channel_id ?? channel_id,
    message_reference.message_id,
  );
}

/** The kind of reference that is no forwarding. */
const replyReference = 0;

/** Discord's types of messages that people write. */
export const defaultType = 0;
export const replyType = 19;
