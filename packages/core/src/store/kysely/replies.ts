import type { Kysely, Selectable } from 'kysely';
import { z } from 'zod';
import { type ReplyAction, replyActionSchema } from '../../adapter/reply-action.js';
import type { CancelledJob, Post, ReplyRecord } from '../job-store.js';
import type { Database } from './schema.js';

const actionsSchema = z.array(replyActionSchema);

function parseActions(json: string | null): ReplyAction[] {
  return json === null ? [] : actionsSchema.parse(JSON.parse(json));
}

/** @internal */
export async function repliesOf(db: Kysely<Database>, jobId: number): Promise<ReplyRecord[]> {
  const rows = await db
    .selectFrom('replies')
    .select(['position', 'text', 'post_id as postId', 'actions'])
    .where('job_id', '=', jobId)
    .orderBy('position')
    .execute();
  return rows.map(({ actions, ...reply }) =>
    actions === null ? reply : { ...reply, actions: parseActions(actions) },
  );
}

/** What each message of an answer is to say; those that are left over are taken away. @internal */
export async function setReplies(
  db: Kysely<Database>,
  jobId: number,
  texts: readonly string[],
  actions: readonly ReplyAction[] = [],
): Promise<void> {
  const cleared = { text: '', actions: null };
  await db.updateTable('replies').set(cleared).where('job_id', '=', jobId).execute();
  const last = texts.findLastIndex((text) => text !== '');
  for (const [position, text] of texts.entries()) {
    const isLast = position === last && actions.length > 0;
    const says = { text, actions: isLast ? JSON.stringify(actions) : null };
    await db
      .insertInto('replies')
      .values({ job_id: jobId, position, ...says, post_id: null })
      .onConflict((conflict) => conflict.columns(['job_id', 'position']).doUpdateSet(says))
      .execute();
  }
}

/** The actions of a message that was posted. @internal */
export async function actionsOf(
  db: Kysely<Database>,
  adapter: string,
  tenant: string,
  conversationKey: string,
  postId: string,
): Promise<ReplyAction[]> {
  const row = await db
    .selectFrom('replies')
    .innerJoin('jobs', 'jobs.id', 'replies.job_id')
    .select('replies.actions')
    .where('jobs.adapter', '=', adapter)
    .where('jobs.tenant', '=', tenant)
    .where('jobs.conversation_key', '=', conversationKey)
    .where('replies.post_id', '=', postId)
    .executeTakeFirst();
  return parseActions(row?.actions ?? null);
}

/** @internal */
export async function notePost(
  db: Kysely<Database>,
  jobId: number,
  { position, postId }: Post,
): Promise<void> {
  await db
    .insertInto('replies')
    .values({ job_id: jobId, position, text: null, post_id: postId, actions: null })
    .onConflict((conflict) =>
      conflict.columns(['job_id', 'position']).doUpdateSet({ post_id: postId }),
    )
    .execute();
}

/** What is posted stays posted, but what it should say is no longer known; what it can do is. @internal */
export async function forgetTexts(db: Kysely<Database>, jobId: number): Promise<void> {
  await db.updateTable('replies').set({ text: null }).where('job_id', '=', jobId).execute();
}

/** What people can press below a message may show what somebody said. @internal */
export async function forgetActions(db: Kysely<Database>, jobId: number): Promise<void> {
  await db.updateTable('replies').set({ actions: null }).where('job_id', '=', jobId).execute();
}

/** Of all messages in a tenant. @internal */
export async function forgetActionsIn(db: Kysely<Database>, tenant: string): Promise<void> {
  await db
    .updateTable('replies')
    .set({ actions: null })
    .where('actions', 'is not', null)
    .where('job_id', 'in', (jobs) =>
      jobs.selectFrom('jobs').select('jobs.id').where('jobs.tenant', '=', tenant),
    )
    .execute();
}

/** Of answers that ended before. @internal */
export async function expireActions(db: Kysely<Database>, endedBeforeMs: number): Promise<void> {
  await db
    .updateTable('replies')
    .set({ actions: null })
    .where('actions', 'is not', null)
    .where('job_id', 'in', (jobs) =>
      jobs.selectFrom('jobs').select('jobs.id').where('jobs.ended_at_ms', '<', endedBeforeMs),
    )
    .execute();
}

/** What is left of a job that was cancelled. @internal */
export async function leftOf(
  db: Kysely<Database>,
  { id, revision, noticed }: Selectable<Database['jobs']>,
): Promise<CancelledJob> {
  const replies = await repliesOf(db, id);
  return { revision, replies, isNoticed: noticed === 1, foldedInto: null };
}
