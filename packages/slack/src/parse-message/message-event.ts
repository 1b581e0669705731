import type { PlatformEvent } from '@vistazo/core';
import { conversationKeyOf, postedAtMsOf } from '../place.js';
import type { PersonMessage } from './is-for-bot.js';
import { materialOf } from './material.js';
import { plainText } from './plain-text.js';
import type { Surroundings } from './surroundings.js';

type EventOf<Type> = Extract<PlatformEvent, { type: Type }>;

/**
 * A message that is meant for the bot, as an event. Slack tells of a mention twice, as `app_mention` and as
 * `message`; both have the same id here.
 */
export async function messageEvent(
  message: PersonMessage,
  surroundings: Surroundings,
): Promise<EventOf<'message'>> {
  const { channel, ts, team, user } = message;
  return {
    type: 'message',
    eventId: `message ${channel} ${ts}`,
    ...placeOfMessage(message),
    author: { id: user, name: await surroundings.nameOf(team, user) },
    postedAtMs: postedAtMsOf(ts) ?? Date.now(),
    ...(await contentOf(message, surroundings)),
  };
}

/** A message that changed; `eventId` tells one change from another. */
export async function editedEvent(
  message: PersonMessage,
  surroundings: Surroundings,
  eventId: string,
): Promise<EventOf<'edited'>> {
  return {
    type: 'edited',
    eventId,
    ...placeOfMessage(message),
    ...(await contentOf(message, surroundings)),
  };
}

async function contentOf(message: PersonMessage, surroundings: Surroundings) {
  const names = await surroundings.namesFor(message.text, message.team);
  return { text: plainText(message.text, names), ...(await materialOf(message, surroundings)) };
}

function placeOfMessage(message: PersonMessage) {
  const { team, ts } = message;
  return { tenant: team, conversationKey: conversationKeyOf(message), messageId: ts };
}
