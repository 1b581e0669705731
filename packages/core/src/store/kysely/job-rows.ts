import { type Kysely, type Selectable, sql, type UpdateObject } from 'kysely';
import type { MessageKey } from '../job-store.js';
import type { DatabaseKind } from './database-kind.js';
import { deleteFiles } from './job-files.js';
import { forgetActions } from './replies.js';
import type { Database } from './schema.js';

/** @internal */
export type JobChange = UpdateObject<Database, 'jobs'>;
/** @internal */
export type ConversationKey = Pick<MessageKey, 'adapter' | 'tenant' | 'conversationKey'>;

/** Whether an event did not come before. @internal */
export async function isNewEvent(
  db: Kysely<Database>,
  { nowMs }: DatabaseKind,
  { adapter, tenant }: Pick<MessageKey, 'adapter' | 'tenant'>,
  eventId: string,
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('events')
    .values({ adapter, tenant, event_id: eventId, received_at_ms: nowMs })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows !== 0n;
}

/** @internal */
export function findJob(
  db: Kysely<Database>,
  { adapter, tenant, conversationKey, messageId }: MessageKey,
) {
  return db
    .selectFrom('jobs')
    .selectAll()
    .where('adapter', '=', adapter)
    .where('tenant', '=', tenant)
    .where('conversation_key', '=', conversationKey)
    .where('message_id', '=', messageId)
    .executeTakeFirst();
}

/** Of which message a job is. @internal */
export function messageKeyOf(
  row: Pick<Selectable<Database['jobs']>, 'adapter' | 'tenant' | 'conversation_key' | 'message_id'>,
): MessageKey {
  const { adapter, tenant, conversation_key: conversationKey, message_id: messageId } = row;
  return { adapter, tenant, conversationKey, messageId };
}

/** The open jobs of a conversation, in the order of arrival. @internal */
export function openJobsIn(
  db: Kysely<Database>,
  { adapter, tenant, conversationKey }: ConversationKey,
) {
  return db
    .selectFrom('jobs')
    .selectAll()
    .where('adapter', '=', adapter)
    .where('tenant', '=', tenant)
    .where('conversation_key', '=', conversationKey)
    .where('status', 'in', ['waiting', 'running'])
    .orderBy('id')
    .execute();
}

/** What makes a job one that has ended. @internal */
export function ended({ nowMs }: DatabaseKind, status: 'done' | 'cancelled') {
  return { status, content: null, ended_at_ms: nowMs };
}

/** Changes a job whoever holds it, who can write no more. @internal */
export async function takeAway(db: Kysely<Database>, id: number, change: JobChange): Promise<void> {
  await db
    .updateTable('jobs')
    .set(({ eb }) => ({ ...change, fence: eb('fence', '+', 1) }))
    .where('id', '=', id)
    .execute();
}

/** @internal */
export async function cancelJob(
  db: Kysely<Database>,
  kind: DatabaseKind,
  id: number,
): Promise<void> {
  await takeAway(db, id, ended(kind, 'cancelled'));
  await deleteFiles(db, id);
  await forgetActions(db, id);
}

/** What makes a job due so much later, by the clock of the database. @internal */
export function dueIn({ nowMs }: DatabaseKind, delayMs: number) {
  const delay_ms = Math.round(delayMs);
  return { due_at_ms: sql<number>`${nowMs} + ${sql.lit(delay_ms)}`, delay_ms };
}
