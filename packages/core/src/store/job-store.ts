import { z } from 'zod';
import type { MessageEvent } from '../adapter/platform-event.js';
import type { ReplyAction } from '../adapter/reply-action.js';
import type { Person } from '../conversation/message.js';
import type { ConversationStore, PictureRecord } from './conversation-store.js';

/** Number of a job, from 1, in the order of arrival. */
export const jobIdSchema = z.number().int().positive().brand<'JobId'>();
/** See {@link jobIdSchema}. */
export type JobId = z.infer<typeof jobIdSchema>;

/** What becomes of a message that comes while another one of its conversation waits or is answered. */
export type ArrivalPolicy =
  /** It waits its turn. */
  | 'queue'
  /** It is answered in place of the others. */
  | 'replace'
  /** It ends the answer that is under way where that is, and waits its turn. */
  | 'steer'
  /** What one person writes shortly after one another is answered as one message. */
  | 'debounce'
  /** It is not answered. */
  | 'drop';

/** How many messages may come: `burst` at once, and `perMinute` in the long run. */
export interface MessageRate {
  burst: number;
  perMinute: number;
}

/** What a message that comes is held to; what is absent or null is not bounded. */
export interface AcceptOptions {
  policy: ArrivalPolicy;
  /** Of the policy `debounce`: how long a message waits for another one. */
  debounceMs?: number;
  /** Most messages of one person in one tenant that wait or are answered. */
  maxOpenPerPerson?: number;
  /** Most messages that wait or are answered, of all and of one tenant. */
  maxOpen?: number;
  maxOpenPerTenant?: number;
  perPerson?: MessageRate | null;
  perTenant?: MessageRate | null;
  /** Time of the model within an hour. */
  modelMsPerHour?: { person: number | null; tenant: number | null };
  /** Files whose bytes are known already, by the addresses of the message's attachments. Default none. */
  files?: readonly { url: string; bytes: Uint8Array }[];
  /** Of the span in which the message came in, for {@link Job.traceparent}. Default none. */
  traceparent?: string | null;
}

/** Why a message is not answered. */
export type RefusalReason =
  /** The policy drops it. */
  | 'busy'
  | 'tooManyOpen'
  | 'queueFull'
  | 'tenantQueueFull'
  | 'tooFast'
  | 'tenantTooFast'
  | 'budget'
  | 'tenantBudget';

/** A message that is known, and never answered. */
export interface Refusal {
  reason: RefusalReason;
  /** When it would be taken, where that is known. */
  retryAfterMs?: number;
  /** Whether the person should be told: they were not within the last minute. */
  isToBeTold: boolean;
}

/** What became of an event; `known` when it came before. */
export type Reception = 'accepted' | 'known' | Refusal;

/** A message of an answer: what it says, and under which id it was posted. */
export interface ReplyRecord {
  /** From 0. */
  position: number;
  /** Null until it was posted. */
  postId: string | null;
  /** What it says when the answer is whole; null before. */
  text: string | null;
  /** What people can press below it; absent where there is nothing. */
  actions?: readonly ReplyAction[];
}

/** A message of an answer that was posted. */
export interface Post {
  position: number;
  postId: string;
}

/** A picture to be posted, kept until it was. */
export interface PictureToPost extends Pick<PictureRecord, 'id' | 'bytes' | 'mediaType'> {
  /** Its file name. */
  name: string;
  /** For people who do not see it. */
  description: string;
}

/** Something to be posted that answers no message. */
export interface NewAnnouncement {
  adapter: string;
  tenant: string;
  conversationKey: string;
  /** In place of a message's id; unique within the conversation. */
  id: string;
  /** What each of its messages says. */
  texts: readonly string[];
  /** Below the last of them. Default none. */
  actions?: readonly ReplyAction[];
  /** Below the last of them, in order. Default none. */
  pictures?: readonly (PictureToPost & PictureRecord)[];
}

/** A message to be answered, or an announcement to be posted, leased to one worker. */
export interface Job {
  id: JobId;
  adapter: string;
  /** Of an announcement one by nobody that says nothing; `replies` are what is posted. */
  event: MessageEvent;
  isAnnouncement: boolean;
  /** Whether its person does not want the answer any more. */
  isStopRequested: boolean;
  /** Whether where it stands was, or may have been, posted in the place of the answer. */
  isNoticed: boolean;
  /** Grows with every lease and every change of the message; who holds an older one may not write. */
  fence: number;
  /** How often it was leased, this time included. */
  attempts: number;
  /** How often its message was changed by its author. */
  revision: number;
  /** From when its message was accepted or changed until it was leased; null when it is not known. */
  waitedMs: number | null;
  /** The span in which its message came in or was changed (W3C Trace Context); null when there is none. */
  traceparent: string | null;
  /** Sentences about files that could not be used, for the end of the answer. */
  notes: string[];
  /** In order. */
  replies: ReplyRecord[];
}

/** What of a message its author can change. */
export type MessageContent = Pick<MessageEvent, 'text' | 'attachments' | 'quotes' | 'command'> &
  Partial<Pick<MessageEvent, 'versionOf'>>;

/** A message of a platform, for what happens to it later. */
export interface MessageKey {
  adapter: string;
  tenant: string;
  conversationKey: string;
  messageId: string;
}

/** What is left of a job that was cancelled. */
export interface CancelledJob {
  revision: number;
  /** The message that it was answered with as one, where that one knows what it said. */
  foldedInto: string | null;
  /** Whether where it stood may have been posted though that is not among the replies. */
  isNoticed: boolean;
  /** What was posted for it. */
  replies: ReplyRecord[];
}

/** A message that waits or is answered. */
export interface OpenJob extends MessageKey {
  authorId: string;
  isRunning: boolean;
}

/** How a job ended. */
export interface JobEnd {
  /** The last post of its answer, if it is not noted yet. */
  lastPost?: Post | undefined;
  /** How long the model worked for it, and what is allowed within an hour, see {@link AcceptOptions}. */
  modelMs?: number;
  modelMsPerHour?: AcceptOptions['modelMsPerHour'];
}

/**
 * The messages that were accepted and what is still to be done for each. A promise that resolved is
 * durable. Every method throws `store.failed` when the database cannot be used; those that take a job
 * throw `job.lost` when it is no longer held.
 */
export interface JobStore {
  /** Stores a message for good, once for each `eventId` and message, and the job to answer it. */
  accept(adapter: string, event: MessageEvent, options: AcceptOptions): Promise<Reception>;
  /** Stores something to be posted, once for each id; `known` when it came before. */
  announce(announcement: NewAnnouncement): Promise<'accepted' | 'known'>;
  /** Notes an event that makes no job; `known` when it came before. */
  note(adapter: string, tenant: string, eventId: string): Promise<'accepted' | 'known'>;
  /** Takes a time of a plugin's schedule; false when it, or a later one, was taken before. */
  claimTime(plugin: string, schedule: string, atMs: number): Promise<boolean>;
  /**
   * Changes a message that was accepted before, and makes it a job again; who holds it loses it.
   * `known` when the event is, and when there is no such message or it was cancelled.
   */
  revise(
    message: MessageKey,
    eventId: string,
    content: MessageContent,
    traceparent?: string | null,
  ): Promise<'accepted' | 'known'>;
  /** Ends the job of a message, whoever holds it; undefined when it is not known. */
  cancel(message: MessageKey): Promise<CancelledJob | undefined>;
  /**
   * Stops the answer to a message: one that waits ends, and what was posted for it is given; one that is
   * made is to be stopped by who makes it. `known` when the event is, and when there is no such answer.
   */
  requestStop(message: MessageKey, eventId: string): Promise<'known' | 'running' | CancelledJob>;
  /** Of jobs that are held, those that are to be stopped. */
  stopRequested(ids: readonly JobId[]): Promise<JobId[]>;
  /**
   * The latest message of a person in each conversation of an adapter, of those posted since a time, the
   * newest first, of so many conversations at most. It is known until `Store.expire`, or until its tenant
   * is forgotten; when its person is, only as long as its job.
   */
  recentMessages(adapter: string, sinceMs: number, maxConversations: number): Promise<MessageKey[]>;
  /**
   * The latest messages of a person in a tenant, the newest first, of so many at most: those whose jobs are still known,
   * and those that are the latest of their conversation.
   */
  messagesOf(
    tenant: string,
    person: Person,
    limit: number,
  ): Promise<(MessageKey & { postedAtMs: number })[]>;
  /**
   * Ids of the messages of people in a conversation whose jobs are still known, also those that were cancelled,
   * the newest first, so many at most.
   */
  knownIn(conversation: Omit<MessageKey, 'messageId'>, maxMessages: number): Promise<string[]>;
  /** The tenants of which there is anything that came by an adapter, in no order. */
  tenants(adapter: string): Promise<string[]>;
  /** Messages of people in a conversation that wait or are answered, in the order of arrival. */
  openMessages(conversation: Omit<MessageKey, 'messageId'>): Promise<MessageEvent[]>;
  /** All that are open of these adapters, in the order of arrival. */
  openJobs(adapters: readonly string[]): Promise<OpenJob[]>;
  /** Notes that where a message stands is about to be posted; false when it does not wait any more. */
  beginNotice(message: MessageKey): Promise<boolean>;
  /** Notes that it was. */
  noticed(message: MessageKey, postId: string): Promise<void>;
  /**
   * The next job of these adapters, leased for `leaseMs`, of those whose conversation has none before
   * them, and of whose person fewer than `maxRunningPerPerson` are held: the tenant's and in it the person's whose last turn is the longest ago, and of that one the
   * oldest. A lease that ran out is given again. Undefined when there is nothing to do.
   */
  lease(
    adapters: readonly string[],
    leaseMs: number,
    maxRunningPerPerson?: number,
  ): Promise<Job | undefined>;
  /** Keeps a job for another `leaseMs`. */
  renew(job: Job, leaseMs: number): Promise<void>;
  /** Reads and writes its tenant's conversations in one transaction, for as long as the job is held. */
  holding<Result>(job: Job, work: (held: HeldJob) => Promise<Result>): Promise<Result>;
  /** Keeps the bytes of a file of a message that waits; nothing when it does not wait any more. */
  keepFile(message: MessageKey, url: string, bytes: Uint8Array): Promise<void>;
  /** The bytes of a file of a job's message, if they were kept. */
  file(job: Job, url: string): Promise<Uint8Array | undefined>;
  /** Messages of these adapters that wait and bring files of which none was kept. */
  unfetched(adapters: readonly string[]): Promise<{ adapter: string; event: MessageEvent }[]>;
  /** The pictures of an announcement, in order; none once it has ended, or where they were forgotten. */
  picturesToPost(job: Job): Promise<PictureToPost[]>;
  /** Notes that a message of the answer was posted. */
  posted(job: Job, post: Post): Promise<void>;
  /** The actions of a message that was posted, until its job is purged; none where it has none. */
  actionsOf(
    adapter: string,
    tenant: string,
    conversationKey: string,
    postId: string,
  ): Promise<readonly ReplyAction[]>;
  /** Gives a job back, to be leased again after `delayMs`. */
  postpone(job: Job, delayMs: number): Promise<void>;
  /** Ends it as done, and forgets what the message said, and what was to be posted. */
  end(job: Job, end?: JobEnd): Promise<void>;
  /** How many jobs wait or are held. */
  countOpen(): Promise<number>;
  /** Forgets jobs that ended so long ago that no platform delivers their events again. */
  purge(endedBeforeMs: number): Promise<void>;
}

/** What a transaction of {@link JobStore.holding} can do. */
export interface HeldJob {
  /** Of the job's tenant. */
  conversations: ConversationStore;
  /**
   * What the messages of the whole answer say, in order; one with an empty text is taken away. The actions, by
   * default none, are those of the last one that says something.
   */
  setReplies(texts: readonly string[], actions?: readonly ReplyAction[]): Promise<void>;
  setNotes(notes: readonly string[]): Promise<void>;
}
