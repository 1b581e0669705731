import type { Generated } from 'kysely';

interface ConversationTable {
  tenant: string;
  id: string;
  title: string;
  system_message: string | null;
  shown_leaf: string | null;
  created_at_ms: number;
  updated_at_ms: number;
  consented_at_ms: number | null;
  /** 1 where one person alone sees it. */
  is_private: Generated<number>;
}

interface MessageTable {
  /** Order of arrival. */
  sequence: Generated<number>;
  tenant: string;
  id: string;
  conversation_id: string;
  parent_id: string | null;
  role: string;
  status: string;
  error_code: string | null;
  error_message: string | null;
  rating: string | null;
  /** JSON of a `SeenContext`. */
  seen: string | null;
  created_at_ms: number;
  /** Whose it is; null where that is not known, or was forgotten. */
  person_adapter: string | null;
  person_id: string | null;
}

interface PartTable {
  tenant: string;
  message_id: string;
  position: number;
  text: string | null;
  picture_id: string | null;
  author: string | null;
  origin: string | null;
  url: string | null;
  name: string | null;
  posted_at_ms: number | null;
  /** Whose it is, where that is not the person of the message. */
  author_id: string | null;
  /** Of a page of a document: its number, from 1, and how many there are. */
  page: number | null;
  pages: number | null;
  /** Of a frame of a video. */
  at_ms: number | null;
  duration_ms: number | null;
  /** How a message brings a picture that is no file of its own. */
  source: string | null;
}

interface PictureTable {
  tenant: string;
  id: string;
  media_type: string;
  width_px: number;
  height_px: number;
  /** Null in rows of older versions. */
  frames: number | null;
  bytes: Uint8Array;
}

interface EventTable {
  adapter: string;
  tenant: string;
  event_id: string;
  received_at_ms: number;
}

interface JobTable {
  id: Generated<number>;
  adapter: string;
  tenant: string;
  conversation_key: string;
  message_id: string;
  author_id: string;
  author_name: string;
  posted_at_ms: number;
  event_id: string;
  /** JSON of text and attachments; null once the job has ended. */
  content: string | null;
  status: string;
  fence: Generated<number>;
  attempts: Generated<number>;
  revision: Generated<number>;
  /** 1 when its person does not want the answer any more. */
  stop_requested: Generated<number>;
  /** 1 when where it stands was, or may have been, posted. */
  noticed: Generated<number>;
  /** Id of the message that it is answered with as one. */
  folded_into: string | null;
  /** Leased until then while running; not leased before while waiting. */
  due_at_ms: Generated<number>;
  /** How long before that this was said, by which a clock that was set back is noticed. */
  delay_ms: Generated<number>;
  ended_at_ms: number | null;
  /** When its message came in or was changed; null in jobs from before this was kept. */
  accepted_at_ms: number | null;
  traceparent: string | null;
}

/** The latest message of a person in a conversation; kept longer than its job. */
interface PlaceTable {
  adapter: string;
  tenant: string;
  conversation_key: string;
  message_id: string;
  author_id: string;
  posted_at_ms: number;
}

interface PluginValueTable {
  plugin: string;
  tenant: string;
  key: string;
  /** JSON. */
  value: string;
}

interface ScheduleTable {
  plugin: string;
  name: string;
  /** The latest of its times that a process took. */
  last_at_ms: number;
}

/** That something was forgotten, for processes that keep some of it in memory. */
interface ForgettingTable {
  id: Generated<number>;
  /** Of whose tenant; a digest, since that may be forgotten too. */
  tenant_digest: string;
  at_ms: number;
  /** 1 when what was deleted is overwritten. */
  overwritten: Generated<number>;
}

/** How much is left of what may be used up, such as messages or time of the model. */
interface BucketTable {
  adapter: string;
  tenant: string;
  /** Digest of the id of a person, who is held to it also when forgotten; empty for the tenant as a whole. */
  person: string;
  kind: string;
  level: number;
  updated_at_ms: number;
}

interface TurnTable {
  adapter: string;
  tenant: string;
  /** Id of a person; empty for the tenant as a whole. */
  person: string;
  leased_at_ms: number;
}

interface FileTable {
  job_id: number;
  url: string;
  bytes: Uint8Array;
}

interface ReplyTable {
  job_id: number;
  position: number;
  text: string | null;
  post_id: string | null;
  /** JSON of what people can press below it; null for nothing. */
  actions: string | null;
}

/** A picture of an announcement that is not posted yet; its bytes are among `pictures`. */
interface AnnouncedPictureTable {
  job_id: number;
  position: number;
  tenant: string;
  picture_id: string;
  name: string;
  description: string;
}

/** The tables of the database, as Kysely needs them. @internal */
export interface Database {
  conversations: ConversationTable;
  messages: MessageTable;
  parts: PartTable;
  pictures: PictureTable;
  events: EventTable;
  jobs: JobTable;
  places: PlaceTable;
  files: FileTable;
  replies: ReplyTable;
  announced_pictures: AnnouncedPictureTable;
  turns: TurnTable;
  plugin_values: PluginValueTable;
  schedules: ScheduleTable;
  buckets: BucketTable;
  forgettings: ForgettingTable;
}

/** In place of a person, for what the bot says unasked. @internal */
export const nobody = 'announcement';

/** Columns in which something of people is, which can be forgotten, by table. @internal */
export const personalColumns: Readonly<Record<string, readonly string[]>> = {
  conversations: ['tenant', 'title', 'system_message'],
  messages: ['tenant', 'error_message', 'seen', 'person_id'],
  parts: ['tenant', 'text', 'author', 'origin', 'url', 'name', 'author_id'],
  pictures: ['tenant', 'bytes'],
  events: ['tenant', 'event_id'],
  jobs: [
    'tenant',
    'conversation_key',
    'message_id',
    'author_id',
    'author_name',
    'event_id',
    'content',
  ],
  places: ['tenant', 'conversation_key', 'message_id', 'author_id'],
  files: ['url', 'bytes'],
  replies: ['text', 'post_id', 'actions'],
  announced_pictures: ['tenant', 'name', 'description'],
  turns: ['tenant', 'person'],
  buckets: ['tenant', 'person'],
  plugin_values: ['tenant', 'key', 'value'],
};
