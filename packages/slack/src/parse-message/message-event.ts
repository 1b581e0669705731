import type { PlatformEvent } from '@vistazo/core';
import { conversationKeyOf, postedAtMsOf } from '../place.js';
import type { PersonMessage } from './is-for-bot.js';
import { materialOf } from './material.js';
import { plainText } from './plain-text.js';
import { readMessage } from './read-message.js';
import type { Surroundings } from './surroundings.js';

type EventOf<Type> = Extract<PlatformEvent, { type: Type }>;

/** An event, and what of its thread is in it. */
export interface EventInThread<Type extends PlatformEvent['type']> {
  event: EventOf<Type>;
  /** Messages of the thread that it brings. */
  earlierCount: number;
  /** Whether Slack told all of the thread. */
  isWhole: boolean;
}

/**
 * A message that is meant for the bot, as an event. Slack tells of a mention twice, as `app_mention` and as
 * `message`; both have the same id here.
 */
export async function messageEvent(
  message: PersonMessage,
  surroundings: Surroundings,
): Promise<EventInThread<'message'>> {
  const { channel, ts, user } = message;
  const [name, { content, ...thread }] = await Promise.all([
    authorName(message, surroundings),
    contentOf(message, surroundings),
  ]);
  const event = {
    type: 'message' as const,
    eventId: `message ${channel} ${ts}`,
    ...placeOfMessage(message),
    author: { id: user, name },
    postedAtMs: postedAtMsOf(ts) ?? Date.now(),
    ...content,
  };
  return { event, ...thread };
}

/** A message that changed; `eventId` tells one change from another. */
export async function editedEvent(
  message: PersonMessage,
  surroundings: Surroundings,
  eventId: string,
): Promise<EventInThread<'edited'>> {
  const { content, ...thread } = await contentOf(message, surroundings);
  const event = { type: 'edited' as const, eventId, ...placeOfMessage(message), ...content };
  return { event, ...thread };
}

async function contentOf(message: PersonMessage, surroundings: Surroundings) {
  const { mrkdwn } = readMessage(message, message.team);
  const [names, { attachments, quotes, ...thread }] = await Promise.all([
    surroundings.namesFor(mrkdwn, message.team),
    materialOf(message, surroundings),
  ]);
  return { content: { text: plainText(mrkdwn, names), attachments, quotes }, ...thread };
}

/** Of people of other organisations Slack may tell only what comes with the message. */
async function authorName(
  { team, user, user_profile }: PersonMessage,
  surroundings: Surroundings,
): Promise<string> {
  const name = await surroundings.nameOf(team, user);
  const ownName = user_profile?.display_name || user_profile?.real_name;
  return (name === user && ownName ? ownName : name).slice(0, 1000);
}

function placeOfMessage(message: PersonMessage) {
  const { team, ts } = message;
  return { tenant: team, conversationKey: conversationKeyOf(message), messageId: ts };
}
