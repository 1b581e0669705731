import type { DiscordMessage, PlainMessage } from './discord-message.js';
import { defaultType, repliedTo, replyType, type Surroundings } from './surroundings.js';

/** Whether a person wrote it: neither a bot, a webhook nor Discord itself. */
export function isFromPerson({ author, webhook_id, type }: DiscordMessage): boolean {
  const isWritten = type === defaultType || type === replyType;
  return isWritten && author.bot !== true && webhook_id === undefined;
}

/**
 * Whether a message is meant for the bot: it is a direct message, mentions the bot or the role that it has
 * of its own, replies to it, or stands in one of `channels` or in a thread that the bot began.
 */
export async function isForBot(
  message: DiscordMessage,
  surroundings: Surroundings,
  channels: readonly string[],
): Promise<boolean> {
  if (message.guild_id === undefined || isMentioned(message, surroundings)) return true;
  // Without the message content intent nothing else can be seen of what is not for the bot.
  if (isEmpty(message)) return false;
  const channel = surroundings.channel(message.channel_id);
  const places = [message.channel_id, channel?.parentId ?? []].flat();
  if (channel?.isOwnThread || places.some((id) => channels.includes(id))) return true;
  const answered = await repliedTo(message, surroundings);
  return answered?.author.id === surroundings.botId;
}

/** Whether a message mentions the bot, or the role that it has of its own. */
export function isMentioned(
  { content, mentions, mention_roles, guild_id = '' }: PlainMessage,
  surroundings: Surroundings,
): boolean {
  const { botId } = surroundings;
  const roleId = surroundings.botRoleId(guild_id);
  return (
    mentions.some(({ id }) => id === botId) ||
    mentionOf(botId).test(content) ||
    (roleId !== undefined && mention_roles.includes(roleId))
  );
}

function isEmpty(message: DiscordMessage): boolean {
  return (
    message.content === '' &&
    message.attachments.length === 0 &&
    message.embeds.length === 0 &&
    message.sticker_items.length === 0 &&
    message.poll == null &&
    message.message_snapshots.length === 0
  );
}

/** How a text mentions a person. */
export function mentionOf(userId: string): RegExp {
  return new RegExp(`<@!?${userId}>`);
}
