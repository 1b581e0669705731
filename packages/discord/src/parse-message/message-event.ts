import type { PlatformEvent } from '@vistazo/core';
import { tenantOf } from '../place.js';
import { type DiscordMessage, nameOf } from './discord-message.js';
import { materialOf } from './material.js';
import { plainText } from './plain-text.js';
import { readContent } from './read-content.js';
import type { Surroundings } from './surroundings.js';

type EventOf<Type> = Extract<PlatformEvent, { type: Type }>;

/** A message that is meant for the bot, as an event. */
export async function messageEvent(
  message: DiscordMessage,
  surroundings: Surroundings,
): Promise<EventOf<'message'>> {
  const { id, author, member, timestamp } = message;
  return {
    type: 'message',
    eventId: `message ${id}`,
    ...placeOf(message),
    author: { id: author.id, name: nameOf(author, member) },
    postedAtMs: Date.parse(timestamp),
    text: plainText({ ...message, content: readContent(message).text }, surroundings),
    ...(await materialOf(message, surroundings)),
  };
}

/** Tells the change that a message is known by from others of it. */
export function changeIdOf({ id, edited_timestamp }: DiscordMessage): string {
  return `edited ${id} ${Date.parse(edited_timestamp ?? '')}`;
}

/** A message that its author changed; `eventId` tells one change from another. */
export async function editedEvent(
  message: DiscordMessage,
  surroundings: Surroundings,
  eventId: string,
): Promise<EventOf<'edited'>> {
  return {
    type: 'edited',
    eventId,
    ...placeOf(message),
    text: plainText({ ...message, content: readContent(message).text }, surroundings),
    ...(await materialOf(message, surroundings)),
  };
}

function placeOf({ id, guild_id: guildId, channel_id: channelId, author }: DiscordMessage) {
  const tenant = tenantOf({ guildId, channelId, userId: author.id });
  return { tenant, conversationKey: channelId, messageId: id };
}
