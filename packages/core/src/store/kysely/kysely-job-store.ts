import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { MessageEvent } from '../../adapter/platform-event.js';
import type { ReplyAction } from '../../adapter/reply-action.js';
import type { Person } from '../../conversation/message.js';
import { VistazoError } from '../../errors.js';
import {
  type AcceptOptions,
  type CancelledJob,
  type HeldJob,
  type Job,
  type JobEnd,
  type JobId,
  type JobStore,
  jobIdSchema,
  type MessageContent,
  type MessageKey,
  type NewAnnouncement,
  type OpenJob,
  type PictureToPost,
  type Post,
  type Reception,
} from '../job-store.js';
import { announcedPictures, deleteAnnounced } from './announced-pictures.js';
import { acceptAnnouncement, acceptMessage, requestStop, unfold } from './arrivals.js';
import { ClockWatch } from './clock-watch.js';
import { GuardedDatabase } from './guarded-database.js';
import { deleteFiles, keepFile, keptFile, unfetched } from './job-files.js';
import {
  type ConversationKey,
  cancelJob,
  dueIn,
  ended,
  findJob,
  isNewEvent,
  type JobChange,
  messageKeyOf,
  takeAway,
} from './job-rows.js';
import { KyselyConversationStore } from './kysely-conversation-store.js';
import { contentJson, parseContent, toMessage } from './message-content.js';
import { nextJob, noteTurn } from './next-job.js';
import { onceOnly } from './once-only.js';
import { knownIn, messagesOf, openMessages, recentMessages, tenantsOf } from './places.js';
import { bookModelTime } from './refusals.js';
import {
  actionsOf,
  forgetActions,
  forgetTexts,
  leftOf,
  notePost,
  repliesOf,
  setReplies,
} from './replies.js';
import type { Database } from './schema.js';

type JobRow = Selectable<Database['jobs']>;

/** How often a lease is tried for when other processes take the same job first. */
const leaseAttempts = 10;

/** The jobs of all tenants in a database. @internal */
export class KyselyJobStore extends GuardedDatabase implements JobStore {
  readonly #clockWatch = new ClockWatch(this.kind);

  accept(adapter: string, event: MessageEvent, options: AcceptOptions): Promise<Reception> {
    return this.#once((db) => acceptMessage(db, this.kind, adapter, event, options));
  }

  announce(announcement: NewAnnouncement): Promise<'accepted' | 'known'> {
    return this.#once((db) => acceptAnnouncement(db, this.kind, announcement));
  }

  note(adapter: string, tenant: string, eventId: string): Promise<'accepted' | 'known'> {
    return this.#once(async (db) =>
      (await isNewEvent(db, this.kind, { adapter, tenant }, eventId)) ? 'accepted' : 'known',
    );
  }

  claimTime(plugin: string, schedule: string, atMs: number): Promise<boolean> {
    return this.inTransaction(async (db) => {
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

  revise(
    message: MessageKey,
    eventId: string,
    content: MessageContent,
    traceparent: string | null = null,
  ): Promise<'accepted' | 'known'> {
    return this.#once(async (db) => {
      if (!(await isNewEvent(db, this.kind, message, eventId))) return 'known';
      const job = await findJob(db, message);
      // What was deleted, replaced or refused stays so.
      if (job === undefined || job.status === 'cancelled') return 'known';
      const { folded } = job.content === null ? { folded: [] } : parseContent(job.content);
      await takeAway(db, job.id, {
        status: 'waiting',
        content: contentJson(content, { folded }),
        event_id: eventId,
        attempts: 0,
        revision: job.revision + 1,
        stop_requested: 0,
        due_at_ms: 0,
        delay_ms: 0,
        ended_at_ms: null,
        accepted_at_ms: this.kind.nowMs,
        traceparent,
      });
      await forgetTexts(db, job.id);
      await forgetActions(db, job.id);
      return 'accepted';
    });
  }

  async cancel(message: MessageKey): Promise<CancelledJob | undefined> {
    const cancelled = await this.#once(async (db) => {
      const job = await findJob(db, message);
      if (job === undefined) return undefined;
      await cancelJob(db, this.kind, job.id);
      return this.#cancelled(db, job, message);
    });
    // What it said was in its row, whether it was taken into a conversation or not.
    if (cancelled !== undefined) await this.guarded((db) => this.kind.afterDeletion(db));
    return cancelled;
  }

  async #cancelled(db: Kysely<Database>, job: JobRow, message: MessageKey): Promise<CancelledJob> {
    const left = await leftOf(db, job);
    const { folded_into: messageId } = job;
    if (messageId === null) return left;
    const into = await findJob(db, { ...message, messageId });
    const isOut = into === undefined || (await unfold(db, into, message.messageId));
    return { ...left, foldedInto: isOut ? null : messageId };
  }

  requestStop(message: MessageKey, eventId: string): Promise<'known' | 'running' | CancelledJob> {
    return this.#once<'known' | 'running' | CancelledJob>(async (db) => {
      if (!(await isNewEvent(db, this.kind, message, eventId))) return 'known';
      const job = await findJob(db, message);
      if (job === undefined || job.ended_at_ms !== null) return 'known';
      if (job.status === 'waiting' && job.attempts === 0) {
        await cancelJob(db, this.kind, job.id);
        return leftOf(db, job);
      }
      await requestStop(db, job.id);
      return 'running';
    });
  }

  stopRequested(ids: readonly JobId[]): Promise<JobId[]> {
    return this.guarded(async (db) => {
      if (ids.length === 0) return [];
      const rows = await db
        .selectFrom('jobs')
        .select('id')
        .where('id', 'in', ids)
        .where('stop_requested', '=', 1)
        .execute();
      return rows.map(({ id }) => jobIdSchema.parse(id));
    });
  }

  recentMessages(
    adapter: string,
    sinceMs: number,
    maxConversations: number,
  ): Promise<MessageKey[]> {
    return this.guarded((db) => recentMessages(db, adapter, sinceMs, maxConversations));
  }

  messagesOf(tenant: string, person: Person, limit: number) {
    return this.guarded((db) => messagesOf(db, tenant, person, limit));
  }

  knownIn(conversation: ConversationKey, maxMessages: number): Promise<string[]> {
    return this.guarded((db) => knownIn(db, conversation, maxMessages));
  }

  tenants(adapter: string): Promise<string[]> {
    return this.guarded((db) => tenantsOf(db, adapter));
  }

  openMessages(conversation: ConversationKey): Promise<MessageEvent[]> {
    return this.guarded((db) => openMessages(db, conversation));
  }

  openJobs(adapters: readonly string[]): Promise<OpenJob[]> {
    return this.guarded(async (db) => {
      const rows = await db
        .selectFrom('jobs')
        .select(['adapter', 'tenant', 'conversation_key', 'message_id', 'author_id', 'status'])
        .where('adapter', 'in', adapters)
        .where('status', 'in', ['waiting', 'running'])
        .orderBy('id')
        .execute();
      return rows.map((row) => ({
        ...messageKeyOf(row),
        authorId: row.author_id,
        isRunning: row.status === 'running',
      }));
    });
  }

  beginNotice(message: MessageKey): Promise<boolean> {
    return this.inTransaction(async (db) => {
      const job = await findJob(db, message);
      if (job?.status !== 'waiting') return false;
      const { numUpdatedRows } = await db
        .updateTable('jobs')
        .set({ noticed: 1 })
        .where('id', '=', job.id)
        .where('status', '=', 'waiting')
        .executeTakeFirst();
      return numUpdatedRows !== 0n;
    });
  }

  noticed(message: MessageKey, postId: string): Promise<void> {
    return this.inTransaction(async (db) => {
      const job = await findJob(db, message);
      if (job !== undefined) await notePost(db, job.id, { position: 0, postId });
    });
  }

  lease(
    adapters: readonly string[],
    leaseMs: number,
    maxRunningPerPerson = Number.MAX_SAFE_INTEGER,
  ): Promise<Job | undefined> {
    return this.guarded(async (db) => {
      await this.#clockWatch.look(db);
      for (let attempt = 0; attempt < leaseAttempts; attempt++) {
        const next = await nextJob(db, this.kind, adapters, maxRunningPerPerson);
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
          ...dueIn(this.kind, leaseMs),
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
    return this.guarded((db) => this.#change(db, job, dueIn(this.kind, leaseMs)));
  }

  keepFile(message: MessageKey, url: string, bytes: Uint8Array): Promise<void> {
    return this.inTransaction(async (db) => {
      const job = await findJob(db, message);
      if (job?.status !== 'waiting') return;
      await keepFile(db, job.id, url, bytes);
    });
  }

  file(job: Job, url: string): Promise<Uint8Array | undefined> {
    return this.guarded((db) => keptFile(db, job.id, url));
  }

  picturesToPost(job: Job): Promise<PictureToPost[]> {
    return this.guarded((db) => announcedPictures(db, job.id));
  }

  unfetched(adapters: readonly string[]): Promise<{ adapter: string; event: MessageEvent }[]> {
    return this.guarded((db) => unfetched(db, adapters));
  }

  holding<Result>(job: Job, work: (held: HeldJob) => Promise<Result>): Promise<Result> {
    return this.inTransaction(async (db) => {
      await this.#change(db, job, { fence: job.fence });
      return work({
        conversations: new KyselyConversationStore(db, this.kind, job.event.tenant),
        setReplies: (texts, actions) => setReplies(db, job.id, texts, actions),
        setNotes: (notes) =>
          this.#change(db, job, { content: contentJson(job.event, { notes: [...notes] }) }),
      });
    });
  }

  posted(job: Job, post: Post): Promise<void> {
    return this.#once(async (db) => {
      await this.#change(db, job, { fence: job.fence });
      await notePost(db, job.id, post);
    });
  }

  actionsOf(
    adapter: string,
    tenant: string,
    conversationKey: string,
    postId: string,
  ): Promise<readonly ReplyAction[]> {
    return this.guarded((db) => actionsOf(db, adapter, tenant, conversationKey, postId));
  }

  postpone(job: Job, delayMs: number): Promise<void> {
    const change = { status: 'waiting', ...dueIn(this.kind, delayMs) };
    return this.guarded((db) => this.#change(db, job, change));
  }

  async end(job: Job, end: JobEnd = {}): Promise<void> {
    const { lastPost } = end;
    const hasDeleted = await this.#once(async (db) => {
      // Before the job is locked, as whoever forgets does.
      const hadPictures = await deleteAnnounced(db, this.kind, job.event.tenant, job.id);
      await this.#change(db, job, ended(this.kind, 'done'));
      if (lastPost !== undefined) await notePost(db, job.id, lastPost);
      await forgetTexts(db, job.id);
      await bookModelTime(db, this.kind, job, end);
      const hadFiles = await deleteFiles(db, job.id);
      return hadFiles || hadPictures;
    });
    if (hasDeleted) await this.guarded((db) => this.kind.afterDeletion(db));
  }

  /** All of it or nothing, of what has its effect once however often it is done. */
  #once<Result>(work: (db: Transaction<Database>) => Promise<Result>): Promise<Result> {
    return this.inTransaction(onceOnly(work), { mayRepeatCommit: true });
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
      await db.deleteFrom('buckets').where('updated_at_ms', '<', endedBeforeMs).execute();
      await db.deleteFrom('turns').where('leased_at_ms', '<', endedBeforeMs).execute();
      await db.deleteFrom('forgettings').where('at_ms', '<', endedBeforeMs).execute();
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
      isStopRequested: row.stop_requested === 1,
      isNoticed: row.noticed === 1,
      replies: await repliesOf(db, row.id),
    };
  }
}
