import { type Kysely, type Selectable, sql, type UpdateObject } from 'kysely';
import { z } from 'zod';
import {
  attachmentSchema,
  commandCallSchema,
  type MessageEvent,
  quoteSchema,
} from '../../adapter/platform-event.js';
import { VistazoError } from '../../errors.js';
import {
  type AcceptOptions,
  type CancelledJob,
  type HeldJob,
  type Job,
  type JobStore,
  jobIdSchema,
  type MessageContent,
  type MessageKey,
  type NewAnnouncement,
  type Post,
  type Reception,
} from '../job-store.js';
import { asBuffer } from './as-buffer.js';
import { GuardedDatabase } from './guarded-database.js';
import { KyselyConversationStore } from './kysely-conversation-store.js';
import { nextJob, noteTurn } from './next-job.js';
import { forgetTexts, notePost, repliesOf, setReplies } from './replies.js';
import type { Database } from './schema.js';

type JobRow = Selectable<Database['jobs']>;

const contentSchema = z.object({
  text: z.string(),
  attachments: z.array(attachmentSchema),
  quotes: z.array(quoteSchema).optional(),
  command: commandCallSchema.optional(),
  notes: z.array(z.string()).default([]),
  isAnnouncement: z.boolean().default(false),
});

/** In place of a person, for what the bot says unasked. */
const nobody = 'announcement';

/** How often a lease is tried for when other processes take the same job first. */
const leaseAttempts = 10;

/** The jobs of all tenants in a database. @internal */
export class KyselyJobStore extends GuardedDatabase implements JobStore {
  accept(
    adapter: string,
    event: MessageEvent,
    { policy, maxOpenPerPerson, traceparent = null }: AcceptOptions,
  ): Promise<Reception> {
    return this.inTransaction(async (db) => {
      const key = { ...event, adapter };
      if (!(await this.#isNew(db, key, event.eventId))) return 'known';
      const refused =
        (policy === 'drop' && (await this.#openJobs(db, key)).length > 0) ||
        (await this.#countOpenOf(db, adapter, event)) >= maxOpenPerPerson;
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
          content: refused ? null : JSON.stringify(contentOf(event)),
          status: refused ? 'cancelled' : 'waiting',
          ended_at_ms: refused ? this.kind.nowMs : null,
          accepted_at_ms: this.kind.nowMs,
          traceparent,
        })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows === 0n) return 'known';
      if (refused) return 'refused';
      if (policy === 'replace') {
        for (const { id, message_id } of await this.#openJobs(db, key))
          if (message_id !== event.messageId) await this.#cancelOne(db, id);
      }
      return 'accepted';
    });
  }

  announce({
    adapter,
    tenant,
    conversationKey,
    id,
    texts,
  }: NewAnnouncement): Promise<'accepted' | 'known'> {
    return this.inTransaction(async (db) => {
      const content = { text: '', attachments: [], isAnnouncement: true };
      const job = await db
        .insertInto('jobs')
        .values({
          adapter,
          tenant,
          conversation_key: conversationKey,
          message_id: id,
          author_id: nobody,
          author_name: '',
          posted_at_ms: this.kind.nowMs,
          accepted_at_ms: this.kind.nowMs,
          event_id: id,
          content: JSON.stringify(content),
          status: 'waiting',
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('id')
        .executeTakeFirst();
      if (job === undefined) return 'known';
      await setReplies(db, job.id, texts);
      return 'accepted';
    });
  }

  note(adapter: string, tenant: string, eventId: string): Promise<'accepted' | 'known'> {
    return this.guarded(async (db) =>
      (await this.#isNew(db, { adapter, tenant }, eventId)) ? 'accepted' : 'known',
    );
  }

  claimTime(plugin: string, schedule: string, atMs: number): Promise<boolean> {
    return this.guarded(async (db) => {
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('schedules')
        .values({ plugin, name: schedule, last_at_ms: atMs })
        .onConflict((conflict) =>
          conflict
            .columns(['plugin', 'name'])
            .doUpdateSet({ last_at_ms: atMs })
            .where('schedules.last_at_ms', '<', atMs),
        )
        .executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows !== 0n;
    });
  }

  async #isNew(
    db: Kysely<Database>,
    { adapter, tenant }: Pick<MessageKey, 'adapter' | 'tenant'>,
    eventId: string,
  ) {
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('events')
      .values({ adapter, tenant, event_id: eventId, received_at_ms: this.kind.nowMs })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirstOrThrow();
    return numInsertedOrUpdatedRows !== 0n;
  }

  #openJobs(db: Kysely<Database>, { adapter, tenant, conversationKey }: MessageKey) {
    return db
      .selectFrom('jobs')
      .select(['id', 'message_id'])
      .where('adapter', '=', adapter)
      .where('tenant', '=', tenant)
      .where('conversation_key', '=', conversationKey)
      .where('status', 'in', ['waiting', 'running'])
      .execute();
  }

  async #countOpenOf(db: Kysely<Database>, adapter: string, { tenant, author }: MessageEvent) {
    const { count } = await db
      .selectFrom('jobs')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('adapter', '=', adapter)
      .where('tenant', '=', tenant)
      .where('author_id', '=', author.id)
      .where('status', 'in', ['waiting', 'running'])
      .executeTakeFirstOrThrow();
    return count;
  }

  revise(
    message: MessageKey,
    eventId: string,
    content: MessageContent,
    traceparent: string | null = null,
  ): Promise<'accepted' | 'known'> {
    return this.inTransaction(async (db) => {
      if (!(await this.#isNew(db, message, eventId))) return 'known';
      const job = await this.#find(db, message);
      // What was deleted, replaced or refused stays so.
      if (job === undefined || job.status === 'cancelled') return 'known';
      await this.#takeAway(db, job.id, {
        status: 'waiting',
        content: JSON.stringify(contentOf(content)),
        event_id: eventId,
        attempts: 0,
        revision: job.revision + 1,
        due_at_ms: 0,
        ended_at_ms: null,
        accepted_at_ms: this.kind.nowMs,
        traceparent,
      });
      await forgetTexts(db, job.id);
      return 'accepted';
    });
  }

  cancel(message: MessageKey): Promise<CancelledJob | undefined> {
    return this.inTransaction(async (db) => {
      const job = await this.#find(db, message);
      if (job === undefined) return undefined;
      await this.#cancelOne(db, job.id);
      return { revision: job.revision, replies: await repliesOf(db, job.id) };
    });
  }

  #find(db: Kysely<Database>, { adapter, tenant, conversationKey, messageId }: MessageKey) {
    return db
      .selectFrom('jobs')
      .select(['id', 'revision', 'status'])
      .where('adapter', '=', adapter)
      .where('tenant', '=', tenant)
      .where('conversation_key', '=', conversationKey)
      .where('message_id', '=', messageId)
      .executeTakeFirst();
  }

  async #cancelOne(db: Kysely<Database>, id: number): Promise<void> {
    await this.#takeAway(db, id, this.#ended('cancelled'));
    await deleteFiles(db, id);
  }

  /** Changes a job whoever holds it, who can write no more. */
  async #takeAway(db: Kysely<Database>, id: number, change: JobChange): Promise<void> {
    await db
      .updateTable('jobs')
      .set(({ eb }) => ({ ...change, fence: eb('fence', '+', 1) }))
      .where('id', '=', id)
      .execute();
  }

  #ended(status: 'done' | 'cancelled') {
    return { status, content: null, ended_at_ms: this.kind.nowMs };
  }

  lease(adapters: readonly string[], leaseMs: number): Promise<Job | undefined> {
    return this.guarded(async (db) => {
      for (let attempt = 0; attempt < leaseAttempts; attempt++) {
        const next = await nextJob(db, this.kind, adapters);
        if (next === undefined) return undefined;
        const job = await this.#take(db, next, leaseMs);
        if (job !== undefined) return job;
      }
      return undefined;
    });
  }

  /** Undefined when another process was faster, which the index of running jobs tells too. */
  async #take(
    db: Kysely<Database>,
    { id, fence }: Pick<JobRow, 'id' | 'fence'>,
    leaseMs: number,
  ): Promise<Job | undefined> {
    const taking = db.transaction().execute(async (transaction) => {
      const row = await transaction
        .updateTable('jobs')
        .set(({ eb }) => ({
          status: 'running',
          fence: eb('fence', '+', 1),
          attempts: eb('attempts', '+', 1),
          due_at_ms: this.#in(leaseMs),
        }))
        .where('id', '=', id)
        .where('fence', '=', fence)
        .where('status', 'in', ['waiting', 'running'])
        .returningAll()
        .returning(sql<number | null>`${this.kind.nowMs} - accepted_at_ms`.as('waited_ms'))
        .executeTakeFirst();
      if (row === undefined) return undefined;
      await noteTurn(transaction, this.kind, row);
      return this.#toJob(transaction, row);
    });
    return taking.catch((error: unknown) => {
      if (this.kind.isConflict(error)) return undefined;
      throw error;
    });
  }

  renew(job: Job, leaseMs: number): Promise<void> {
    return this.guarded((db) => this.#change(db, job, { due_at_ms: this.#in(leaseMs) }));
  }

  keepFile(message: MessageKey, url: string, bytes: Uint8Array): Promise<void> {
    return this.inTransaction(async (db) => {
      const job = await this.#find(db, message);
      if (job?.status !== 'waiting') return;
      await db
        .insertInto('files')
        .values({ job_id: job.id, url, bytes: asBuffer(bytes) })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    });
  }

  file(job: Job, url: string): Promise<Uint8Array | undefined> {
    return this.guarded(async (db) => {
      const row = await db
        .selectFrom('files')
        .select('bytes')
        .where('job_id', '=', job.id)
        .where('url', '=', url)
        .executeTakeFirst();
      return row?.bytes;
    });
  }

  unfetched(adapters: readonly string[]): Promise<{ adapter: string; event: MessageEvent }[]> {
    return this.guarded(async (db) => {
      const rows = await db
        .selectFrom('jobs')
        .selectAll()
        .where('adapter', 'in', adapters)
        .where('status', '=', 'waiting')
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('files').select('files.url').whereRef('files.job_id', '=', 'jobs.id'),
            ),
          ),
        )
        .orderBy('id')
        .execute();
      return rows
        .map((row) => ({ adapter: row.adapter, event: toMessage(row).event }))
        .filter(({ event }) => event.attachments.length > 0);
    });
  }

  holding<Result>(job: Job, work: (held: HeldJob) => Promise<Result>): Promise<Result> {
    return this.inTransaction(async (db) => {
      await this.#change(db, job, { fence: job.fence });
      return work({
        conversations: new KyselyConversationStore(db, this.kind, job.event.tenant),
        setReplies: (texts) => setReplies(db, job.id, texts),
        setNotes: (notes) => {
          const content = JSON.stringify({ ...contentOf(job.event), notes });
          return this.#change(db, job, { content });
        },
      });
    });
  }

  posted(job: Job, post: Post): Promise<void> {
    return this.inTransaction(async (db) => {
      await this.#change(db, job, { fence: job.fence });
      await notePost(db, job, post);
    });
  }

  postpone(job: Job, delayMs: number): Promise<void> {
    const change = { status: 'waiting', due_at_ms: this.#in(delayMs) };
    return this.guarded((db) => this.#change(db, job, change));
  }

  async end(job: Job, lastPost?: Post): Promise<void> {
    const hadFiles = await this.inTransaction(async (db) => {
      await this.#change(db, job, this.#ended('done'));
      if (lastPost !== undefined) await notePost(db, job, lastPost);
      await forgetTexts(db, job.id);
      return deleteFiles(db, job.id);
    });
    if (hadFiles) await this.guarded((db) => this.kind.afterDeletion(db));
  }

  /** Throws `job.lost` when somebody else has a newer fence. */
  async #change(db: Kysely<Database>, job: Job, change: JobChange): Promise<void> {
    const { numUpdatedRows } = await db
      .updateTable('jobs')
      .set(change)
      .where('id', '=', job.id)
      .where('fence', '=', job.fence)
      .where('status', '=', 'running')
      .executeTakeFirst();
    if (numUpdatedRows === 0n) {
      throw new VistazoError('job.lost', `Job ${job.id} was taken over; leave it.`);
    }
  }

  countOpen(): Promise<number> {
    return this.guarded(async (db) => {
      const { count } = await db
        .selectFrom('jobs')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('status', 'in', ['waiting', 'running'])
        .executeTakeFirstOrThrow();
      return count;
    });
  }

  purge(endedBeforeMs: number): Promise<void> {
    return this.inTransaction(async (db) => {
      await db.deleteFrom('jobs').where('ended_at_ms', '<', endedBeforeMs).execute();
      await db.deleteFrom('events').where('received_at_ms', '<', endedBeforeMs).execute();
      await db.deleteFrom('turns').where('leased_at_ms', '<', endedBeforeMs).execute();
    });
  }

  async #toJob(db: Kysely<Database>, row: JobRow & { waited_ms: number | null }): Promise<Job> {
    return {
      id: jobIdSchema.parse(row.id),
      adapter: row.adapter,
      ...toMessage(row),
      fence: row.fence,
      attempts: row.attempts,
      revision: row.revision,
      // Clocks are set back at times.
      waitedMs: row.waited_ms === null ? null : Math.max(0, row.waited_ms),
      traceparent: row.traceparent,
      replies: await repliesOf(db, row.id),
    };
  }

  #in(delayMs: number) {
    return sql<number>`${this.kind.nowMs} + ${sql.lit(Math.round(delayMs))}`;
  }
}

type JobChange = UpdateObject<Database, 'jobs'>;

/** Whether there were any. */
async function deleteFiles(db: Kysely<Database>, jobId: number): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('files')
    .where('job_id', '=', jobId)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

function contentOf({ text, attachments, quotes, command }: MessageContent): MessageContent {
  return {
    text,
    attachments,
    ...(quotes !== undefined && { quotes }),
    ...(command !== undefined && { command }),
  };
}

function toMessage(row: JobRow): Pick<Job, 'event' | 'notes' | 'isAnnouncement'> {
  const { notes, isAnnouncement, ...content } = contentSchema.parse(JSON.parse(row.content ?? ''));
  const event: MessageEvent = {
    type: 'message',
    eventId: row.event_id,
    tenant: row.tenant,
    conversationKey: row.conversation_key,
    messageId: row.message_id,
    author: { id: row.author_id, name: row.author_name },
    postedAtMs: row.posted_at_ms,
    ...content,
  };
  return { event, notes, isAnnouncement };
}
