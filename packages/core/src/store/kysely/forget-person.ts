import type { Kysely, Transaction } from 'kysely';
import type { Person } from '../../conversation/message.js';
import { forgetAnnouncedIn } from './announced-pictures.js';
import type { DatabaseKind } from './database-kind.js';
import { emptyMessages, inBatches, purgePictures } from './forgotten-messages.js';
import { deleteFiles } from './job-files.js';
import { cancelJob, takeAway } from './job-rows.js';
import { contentJson, parseContent } from './message-content.js';
import { forgetPlaces } from './places.js';
import { forgetActionsIn } from './replies.js';
import type { Database } from './schema.js';

/**
 * Forgets what a person wrote in a tenant, what they were answered, and what others quote of them. Jobs
 * stay as ids of messages until no platform delivers those again, so that none is answered anew. Gives how
 * many messages it were. @internal
 */
export async function forgetPerson(
  db: Transaction<Database>,
  kind: DatabaseKind,
  tenant: string,
  person: Person,
): Promise<number> {
  await forgetJobs(db, kind, tenant, person);
  // What is announced may be about them.
  await forgetActionsIn(db, tenant);
  await forgetAnnouncedIn(db, tenant);
  await forgetOpenQuotes(db, tenant, person);
  await forgetPlaces(db, tenant, person);
  await db
    .deleteFrom('turns')
    .where('adapter', '=', person.adapter)
    .where('tenant', '=', tenant)
    .where('person', '=', person.id)
    .execute();
  const messages = await db
    .selectFrom('messages')
    .select(['id', 'conversation_id'])
    .where('tenant', '=', tenant)
    .where('person_adapter', '=', person.adapter)
    .where('person_id', '=', person.id)
    .execute();
  await emptyMessages(
    db,
    tenant,
    messages.map(({ id }) => id),
  );
  await forgetKeptQuotes(db, tenant, person);
  const conversations = new Set(messages.map(({ conversation_id }) => conversation_id));
  await inBatches([...conversations], (ids) => deleteEmptyConversations(db, tenant, ids));
  await purgePictures(db, tenant);
  return messages.length;
}

/** Of those that are open nobody makes an answer any more. */
async function forgetJobs(
  db: Kysely<Database>,
  kind: DatabaseKind,
  tenant: string,
  { adapter, id: author_id }: Person,
): Promise<void> {
  const jobs = await db
    .selectFrom('jobs')
    .select(['id', 'ended_at_ms'])
    .where('adapter', '=', adapter)
    .where('tenant', '=', tenant)
    .where('author_id', '=', author_id)
    .execute();
  for (const { id, ended_at_ms } of jobs) {
    if (ended_at_ms === null) await cancelJob(db, kind, id);
    await takeAway(db, id, { status: 'cancelled', author_id: '', author_name: '' });
  }
  await inBatches(jobs, (some) =>
    db
      .deleteFrom('replies')
      .where(
        'job_id',
        'in',
        some.map(({ id }) => id),
      )
      .execute(),
  );
}

/** What messages of others that wait bring of a person. */
async function forgetOpenQuotes(
  db: Kysely<Database>,
  tenant: string,
  { adapter, id: personId }: Person,
): Promise<void> {
  const jobs = await db
    .selectFrom('jobs')
    .select(['id', 'content'])
    .where('adapter', '=', adapter)
    .where('tenant', '=', tenant)
    .where('status', 'in', ['waiting', 'running'])
    .execute();
  for (const job of jobs) {
    const { folded, notes, isAnnouncement, ...own } = parseContent(job.content);
    const without = <Piece extends Pick<typeof own, 'quotes' | 'attachments'>>(piece: Piece) => ({
      ...piece,
      quotes: piece.quotes?.filter(({ authorId }) => authorId !== personId),
      attachments: piece.attachments.filter(({ author }) => author?.id !== personId),
    });
    const more = { notes, isAnnouncement, folded: folded.map(without) };
    const changed = contentJson(without(own), more);
    if (changed === job.content) continue;
    await db.updateTable('jobs').set({ content: changed }).where('id', '=', job.id).execute();
    // Those of others are fetched again.
    await deleteFiles(db, job.id);
  }
}

/** What messages of others quote of a person, and pictures of theirs that others brought. */
async function forgetKeptQuotes(
  db: Kysely<Database>,
  tenant: string,
  { adapter, id: author_id }: Person,
): Promise<void> {
  await db
    .deleteFrom('parts')
    .where('tenant', '=', tenant)
    .where('author_id', '=', author_id)
    .where('message_id', 'in', (inner) =>
      inner
        .selectFrom('messages')
        .select('messages.id')
        .where('messages.tenant', '=', tenant)
        .where('messages.person_adapter', '=', adapter),
    )
    .execute();
}

/** Those in which nothing is said. */
async function deleteEmptyConversations(
  db: Kysely<Database>,
  tenant: string,
  ids: readonly string[],
): Promise<void> {
  await db
    .deleteFrom('conversations')
    .where('tenant', '=', tenant)
    .where('id', 'in', ids)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('parts')
            .innerJoin('messages', (join) =>
              join
                .onRef('messages.tenant', '=', 'parts.tenant')
                .onRef('messages.id', '=', 'parts.message_id'),
            )
            .select('parts.position')
            .whereRef('messages.tenant', '=', 'conversations.tenant')
            .whereRef('messages.conversation_id', '=', 'conversations.id'),
        ),
      ),
    )
    .execute();
}

/** Gives how many messages it were. @internal */
export async function forgetTenant(db: Transaction<Database>, tenant: string): Promise<number> {
  const { count } = await db
    .selectFrom('messages')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('tenant', '=', tenant)
    .executeTakeFirstOrThrow();
  const tables = [
    'conversations',
    'pictures',
    'plugin_values',
    'jobs',
    'places',
    'events',
    'buckets',
    'turns',
  ] as const;
  for (const table of tables) await db.deleteFrom(table).where('tenant', '=', tenant).execute();
  return count;
}
