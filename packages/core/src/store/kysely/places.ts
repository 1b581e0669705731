import type { Kysely } from 'kysely';
import type { MessageEvent } from '../../adapter/platform-event.js';
import { privateConversationPrefix } from '../../adapter/private-conversation.js';
import type { Person } from '../../conversation/message.js';
import type { MessageKey } from '../job-store.js';
import { type ConversationKey, messageKeyOf, openJobsIn } from './job-rows.js';
import { toMessage } from './message-content.js';
import { type Database, nobody } from './schema.js';

/** Notes a message that was posted in a conversation, unless one that is newer is noted. @internal */
export async function notePlace(
  db: Kysely<Database>,
  message: MessageEvent & MessageKey,
): Promise<void> {
  const latest = {
    message_id: message.messageId,
    author_id: message.author.id,
    posted_at_ms: message.postedAtMs,
  };
  await db
    .insertInto('places')
    .values({
      adapter: message.adapter,
      tenant: message.tenant,
      conversation_key: message.conversationKey,
      ...latest,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['adapter', 'tenant', 'conversation_key'])
        .doUpdateSet(latest)
        .where('places.posted_at_ms', '<=', message.postedAtMs),
    )
    .execute();
}

const privateKeys = `${privateConversationPrefix}%`;

/**
 * The latest message of a person in each conversation of an adapter that others see, the newest first. Where whose it was is
 * forgotten, the latest job tells as long as there is one. @internal
 */
export async function recentMessages(
  db: Kysely<Database>,
  adapter: string,
  sinceMs: number,
  maxConversations: number,
): Promise<MessageKey[]> {
  const columns = ['adapter', 'tenant', 'conversation_key', 'message_id', 'posted_at_ms'] as const;
  const places = await db
    .selectFrom('places')
    .select(columns)
    .where('adapter', '=', adapter)
    .where('posted_at_ms', '>=', sinceMs)
    .where('conversation_key', 'not like', privateKeys)
    .orderBy('posted_at_ms', 'desc')
    .limit(maxConversations)
    .execute();
  const jobs = await db
    .selectFrom('jobs')
    .select(columns)
    .where('id', 'in', (inner) =>
      inner
        .selectFrom('jobs')
        .select((of) => of.fn.max('id').as('id'))
        .where('adapter', '=', adapter)
        .where('posted_at_ms', '>=', sinceMs)
        .where('author_id', '!=', nobody)
        .where('conversation_key', 'not like', privateKeys)
        .groupBy(['tenant', 'conversation_key']),
    )
    .orderBy('posted_at_ms', 'desc')
    .limit(maxConversations)
    .execute();
  const newestFirst = [...places, ...jobs].sort((a, b) => b.posted_at_ms - a.posted_at_ms);
  const latest = new Map<string, MessageKey>();
  for (const row of newestFirst) {
    const place = JSON.stringify([row.tenant, row.conversation_key]);
    if (!latest.has(place)) latest.set(place, messageKeyOf(row));
  }
  return [...latest.values()].slice(0, maxConversations);
}

/** The latest messages of a person, the newest first. @internal */
export async function messagesOf(
  db: Kysely<Database>,
  tenant: string,
  { adapter, id }: Person,
  limit: number,
): Promise<(MessageKey & { postedAtMs: number })[]> {
  const latest = (table: 'places' | 'jobs') =>
    db
      .selectFrom(table)
      .select(['adapter', 'tenant', 'conversation_key', 'message_id', 'posted_at_ms'])
      .where('adapter', '=', adapter)
      .where('tenant', '=', tenant)
      .where('author_id', '=', id)
      .orderBy('posted_at_ms', 'desc')
      .limit(limit)
      .execute();
  const rows = [...(await latest('places')), ...(await latest('jobs'))];
  const messages = new Map(
    rows.map((row) => [
      JSON.stringify([row.conversation_key, row.message_id]),
      { ...messageKeyOf(row), postedAtMs: Number(row.posted_at_ms) },
    ]),
  );
  return [...messages.values()].sort((a, b) => b.postedAtMs - a.postedAtMs).slice(0, limit);
}

/** Ids of the messages of people in a conversation that jobs are known of, the newest first. @internal */
export async function knownIn(
  db: Kysely<Database>,
  { adapter, tenant, conversationKey }: ConversationKey,
  maxMessages: number,
): Promise<string[]> {
  const rows = await db
    .selectFrom('jobs')
    .select('message_id')
    .where('adapter', '=', adapter)
    .where('tenant', '=', tenant)
    .where('conversation_key', '=', conversationKey)
    .where('author_id', 'not in', ['', nobody])
    .orderBy('posted_at_ms', 'desc')
    .orderBy('id', 'desc')
    .limit(maxMessages)
    .execute();
  return rows.map(({ message_id }) => message_id);
}

/** Messages of people in a conversation that wait or are answered, in the order of arrival. @internal */
export async function openMessages(
  db: Kysely<Database>,
  conversation: ConversationKey,
): Promise<MessageEvent[]> {
  const jobs = await openJobsIn(db, conversation);
  return jobs
    .filter(({ author_id: author }) => author !== nobody)
    .map((row) => toMessage(row).event);
}

/** Of which there is anything that came by an adapter. @internal */
export async function tenantsOf(db: Kysely<Database>, adapter: string): Promise<string[]> {
  const rows = await db
    .selectFrom('places')
    .select('tenant')
    .where('adapter', '=', adapter)
    .union(db.selectFrom('jobs').select('tenant').where('adapter', '=', adapter))
    .union(db.selectFrom('messages').select('tenant').where('person_adapter', '=', adapter))
    .execute();
  return rows.map(({ tenant }) => tenant);
}

/** Those where a person wrote last. @internal */
export async function forgetPlaces(
  db: Kysely<Database>,
  tenant: string,
  { adapter, id }: Person,
): Promise<void> {
  await db
    .deleteFrom('places')
    .where('adapter', '=', adapter)
    .where('tenant', '=', tenant)
    .where('author_id', '=', id)
    .execute();
}

/** @internal */
export async function expirePlaces(db: Kysely<Database>, beforeMs: number): Promise<void> {
  await db.deleteFrom('places').where('posted_at_ms', '<', beforeMs).execute();
}
