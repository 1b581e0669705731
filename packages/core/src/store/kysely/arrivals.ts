import type { Kysely, Selectable, Transaction } from 'kysely';
import type { MessageEvent } from '../../adapter/platform-event.js';
import type { AcceptOptions, MessageKey, NewAnnouncement, Reception } from '../job-store.js';
import { keepAnnounced } from './announced-pictures.js';
import { asBuffer } from './as-buffer.js';
import { Bucket } from './buckets.js';
import type { DatabaseKind } from './database-kind.js';
import { cancelJob, dueIn, ended, findJob, isNewEvent, openJobsIn, takeAway } from './job-rows.js';
import { contentJson, parseContent } from './message-content.js';
import { notePlace } from './places.js';
import { refusalOf, tellingSize } from './refusals.js';
import { setReplies } from './replies.js';
import { type Database, nobody } from './schema.js';

type JobRow = Selectable<Database['jobs']>;

/** Stores a message that comes, as a job or as one that is refused. @internal */
export async function acceptMessage(
  db: Kysely<Database>,
  kind: DatabaseKind,
  adapter: string,
  event: MessageEvent,
  options: AcceptOptions,
): Promise<Reception> {
  const key = { ...event, adapter };
  if (!(await isNewEvent(db, kind, key, event.eventId))) return 'known';
  if ((await findJob(db, key)) !== undefined) return 'known';
  const refused = await refusalOf(db, kind, adapter, event, options);
  const isStored = await insertMessage(db, kind, adapter, event, refused === undefined, options);
  if (!isStored) return 'known';
  await notePlace(db, key);
  if (refused !== undefined) {
    const telling = { ...bucketKey(adapter, event), kind: 'refusals' } as const;
    const isToBeTold =
      refused.reason !== 'busy' && (await new Bucket(db, kind.nowMs, telling, tellingSize).take(1));
    return { ...refused, isToBeTold };
  }
  await keepFiles(db, key, options);
  await makeRoom(db, kind, adapter, event, options);
  return 'accepted';
}

async function keepFiles(
  db: Kysely<Database>,
  key: MessageKey,
  { files = [] }: AcceptOptions,
): Promise<void> {
  if (files.length === 0) return;
  const job = await findJob(db, key);
  for (const { url, bytes } of job === undefined ? [] : files)
    await db
      .insertInto('files')
      .values({ job_id: job?.id ?? 0, url, bytes: asBuffer(bytes) })
      .execute();
}

function bucketKey(adapter: string, { tenant, author }: MessageEvent) {
  return { adapter, tenant, person: author.id };
}

async function insertMessage(
  db: Kysely<Database>,
  kind: DatabaseKind,
  adapter: string,
  event: MessageEvent,
  isTaken: boolean,
  { policy, debounceMs = 0, traceparent = null }: AcceptOptions,
): Promise<boolean> {
  const waits = policy === 'debounce' && event.command === undefined;
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('jobs')
    .values({
      adapter,
      tenant: event.tenant,
      conversation_key: event.conversationKey,
      message_id: event.messageId,
      author_id: event.author.id,
      author_name: event.author.name,
      posted_at_ms: event.postedAtMs,
      event_id: event.eventId,
      accepted_at_ms: kind.nowMs,
      traceparent,
      ...(isTaken ? { content: contentJson(event), status: 'waiting' } : ended(kind, 'cancelled')),
      ...(isTaken && waits && dueIn(kind, debounceMs)),
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows !== 0n;
}

/** What becomes of the other messages of the conversation. */
async function makeRoom(
  db: Kysely<Database>,
  kind: DatabaseKind,
  adapter: string,
  event: MessageEvent,
  { policy }: AcceptOptions,
): Promise<void> {
  if (policy === 'queue' || policy === 'drop') return;
  const jobs = await openJobsIn(db, { ...event, adapter });
  const others = jobs.filter(({ message_id }) => message_id !== event.messageId);
  if (policy === 'replace') {
    for (const { id } of others) await cancelJob(db, kind, id);
  } else if (policy === 'steer') {
    for (const { id, status } of others) if (status === 'running') await requestStop(db, id);
  } else {
    const own = jobs.find(({ message_id }) => message_id === event.messageId);
    const last = others.at(-1);
    if (own !== undefined && last !== undefined && isFoldable(last, own))
      await fold(db, kind, last, own);
  }
}

/** Who makes the answer is to stop it. @internal */
export async function requestStop(db: Kysely<Database>, id: number): Promise<void> {
  await db.updateTable('jobs').set({ stop_requested: 1 }).where('id', '=', id).execute();
}

/** Of the same person, and nothing was begun or posted for it. */
function isFoldable(last: JobRow, own: JobRow): boolean {
  const isUntouched = last.status === 'waiting' && last.attempts === 0 && last.noticed === 0;
  const isPlain = [last, own].every(({ content }) => parseContent(content).command === undefined);
  return isUntouched && last.author_id === own.author_id && isPlain;
}

/** One message goes into the next one of its person, with what was folded into it before. */
async function fold(
  db: Kysely<Database>,
  kind: DatabaseKind,
  last: JobRow,
  own: JobRow,
): Promise<void> {
  const { folded, text, attachments, quotes } = parseContent(last.content);
  const piece = { messageId: last.message_id, text, attachments, quotes };
  const content = contentJson(parseContent(own.content), { folded: [...folded, piece] });
  await db.updateTable('jobs').set({ content }).where('id', '=', own.id).execute();
  await db.updateTable('files').set({ job_id: own.id }).where('job_id', '=', last.id).execute();
  await takeAway(db, last.id, { ...ended(kind, 'cancelled'), folded_into: own.message_id });
  await db
    .updateTable('jobs')
    .set({ folded_into: own.message_id })
    .where('adapter', '=', own.adapter)
    .where('tenant', '=', own.tenant)
    .where('conversation_key', '=', own.conversation_key)
    .where('folded_into', '=', last.message_id)
    .execute();
}

/** Takes a message out of the one that it was folded into; false when that one knows what it said. @internal */
export async function unfold(
  db: Kysely<Database>,
  into: JobRow,
  messageId: string,
): Promise<boolean> {
  if (into.status !== 'waiting' || into.attempts > 0) return into.status === 'cancelled';
  const content = parseContent(into.content);
  const folded = content.folded.filter((piece) => piece.messageId !== messageId);
  await db
    .updateTable('jobs')
    .set({ content: contentJson(content, { folded, notes: content.notes }) })
    .where('id', '=', into.id)
    .execute();
  return true;
}

/** Stores something to be posted as a job whose answer is there already. @internal */
export async function acceptAnnouncement(
  db: Transaction<Database>,
  kind: DatabaseKind,
  { pictures = [], ...announcement }: NewAnnouncement,
): Promise<'accepted' | 'known'> {
  const { nowMs } = kind;
  const { adapter, tenant, conversationKey, id, texts, actions } = announcement;
  // Before the job is locked, as whoever forgets does.
  if (pictures.length > 0) await kind.holdPictures(db, tenant, 'adding');
  const job = await db
    .insertInto('jobs')
    .values({
      adapter,
      tenant,
      conversation_key: conversationKey,
      message_id: id,
      author_id: nobody,
      author_name: '',
      posted_at_ms: nowMs,
      accepted_at_ms: nowMs,
      event_id: id,
      content: contentJson({ text: '', attachments: [] }, { isAnnouncement: true }),
      status: 'waiting',
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  if (job === undefined) return 'known';
  await setReplies(db, job.id, texts, actions);
  await keepAnnounced(db, job.id, { tenant, pictures });
  return 'accepted';
}
