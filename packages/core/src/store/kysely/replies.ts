import type { Kysely, Selectable } from 'kysely';
import type { CancelledJob, Post, ReplyRecord } from '../job-store.js';
import type { Database } from './schema.js';

/** @internal */
export async function repliesOf(db: Kysely<Database>, jobId: number): Promise<ReplyRecord[]> {
  return db
    .selectFrom('replies')
    .select(['position', 'text', 'post_id as postId'])
    .where('job_id', '=', jobId)
    .orderBy('position')
    .execute();
}

/** What each message of an answer is to say; those that are left over are taken away. @internal */
export async function setReplies(
  db: Kysely<Database>,
  jobId: number,
  texts: readonly string[],
): Promise<void> {
  await db.updateTable('replies').set({ text: '' }).where('job_id', '=', jobId).execute();
  for (const [position, text] of texts.entries()) {
    await db
      .insertInto('replies')
      .values({ job_id: jobId, position, text, post_id: null })
      .onConflict((conflict) => conflict.columns(['job_id', 'position']).doUpdateSet({ text }))
      .execute();
  }
}

/** @internal */
export async function notePost(
  db: Kysely<Database>,
  jobId: number,
  { position, postId }: Post,
): Promise<void> {
  await db
    .insertInto('replies')
    .values({ job_id: jobId, position, text: null, post_id: postId })
    .onConflict((conflict) =>
      conflict.columns(['job_id', 'position']).doUpdateSet({ post_id: postId }),
    )
    .execute();
}

/** What is posted stays posted, but what it should say is no longer known. @internal */
export async function forgetTexts(db: Kysely<Database>, jobId: number): Promise<void> {
  await db.updateTable('replies').set({ text: null }).where('job_id', '=', jobId).execute();
}

/** What is left of a job that was cancelled. @internal */
export async function leftOf(
  db: Kysely<Database>,
  { id, revision, noticed }: Selectable<Database['jobs']>,
): Promise<CancelledJob> {
  const replies = await repliesOf(db, id);
  return { revision, replies, isNoticed: noticed === 1, foldedInto: null };
}
