import { type Kysely, type Migration, type MigrationProvider, Migrator, sql } from 'kysely';
import { VistazoError } from '../../errors.js';
import type { ColumnTypes } from './database-kind.js';
import { type Database, nobody, personalColumns } from './schema.js';

const conversationTables = ({ sequence, milliseconds, bytes }: ColumnTypes) => [
  sql`create table conversations (
    tenant text not null,
    id text not null,
    title text not null,
    system_message text,
    shown_leaf text,
    created_at_ms ${milliseconds} not null,
    updated_at_ms ${milliseconds} not null,
    primary key (tenant, id)
  )`,
  sql`create table messages (
    sequence ${sequence},
    tenant text not null,
    id text not null,
    conversation_id text not null,
    parent_id text,
    role text not null check (role in ('user', 'assistant')),
    status text not null check (status in ('running', 'done', 'stopped', 'failed')),
    error_code text,
    error_message text,
    rating text check (rating in ('up', 'down')),
    seen text,
    created_at_ms ${milliseconds} not null,
    unique (tenant, id),
    foreign key (tenant, conversation_id) references conversations (tenant, id) on delete cascade,
    foreign key (tenant, parent_id) references messages (tenant, id) on delete cascade
  )`,
  sql`create index messages_of_conversation on messages (tenant, conversation_id, sequence)`,
  sql`create index messages_of_parent on messages (tenant, parent_id)`,
  sql`create index running_messages on messages (status) where status = 'running'`,
  sql`create table pictures (
    tenant text not null,
    id text not null,
    media_type text not null,
    width_px integer not null,
    height_px integer not null,
    bytes ${bytes} not null,
    primary key (tenant, id)
  )`,
  sql`create table parts (
    tenant text not null,
    message_id text not null,
    position integer not null,
    text text,
    picture_id text,
    author text,
    origin text,
    url text,
    name text,
    posted_at_ms ${milliseconds},
    primary key (tenant, message_id, position),
    check ((text is null) <> (picture_id is null)),
    foreign key (tenant, message_id) references messages (tenant, id) on delete cascade,
    foreign key (tenant, picture_id) references pictures (tenant, id)
  )`,
  sql`create index parts_of_picture on parts (tenant, picture_id)`,
];

const jobTables = ({ sequence, milliseconds, bytes }: ColumnTypes) => [
  sql`create table events (
    adapter text not null,
    tenant text not null,
    event_id text not null,
    received_at_ms ${milliseconds} not null,
    primary key (adapter, tenant, event_id)
  )`,
  sql`create table jobs (
    id ${sequence},
    adapter text not null,
    tenant text not null,
    conversation_key text not null,
    message_id text not null,
    author_id text not null,
    author_name text not null,
    posted_at_ms ${milliseconds} not null,
    event_id text not null,
    content text,
    status text not null check (status in ('waiting', 'running', 'done', 'cancelled')),
    fence integer not null default 0,
    attempts integer not null default 0,
    revision integer not null default 0,
    due_at_ms ${milliseconds} not null default 0,
    ended_at_ms ${milliseconds},
    unique (adapter, tenant, conversation_key, message_id)
  )`,
  sql`create index open_jobs_of_conversation on jobs (adapter, tenant, conversation_key, id)
    where status in ('waiting', 'running')`,
  sql`create index open_jobs_of_person on jobs (adapter, tenant, author_id)
    where status in ('waiting', 'running')`,
  sql`create unique index one_answer_at_a_time on jobs (adapter, tenant, conversation_key)
    where status = 'running'`,
  sql`create table files (
    job_id ${milliseconds} not null references jobs (id) on delete cascade,
    url text not null,
    bytes ${bytes} not null,
    primary key (job_id, url)
  )`,
  sql`create table replies (
    job_id ${milliseconds} not null references jobs (id) on delete cascade,
    position integer not null,
    text text,
    post_id text,
    primary key (job_id, position)
  )`,
  sql`create table turns (
    adapter text not null,
    tenant text not null,
    person text not null,
    leased_at_ms ${milliseconds} not null,
    primary key (adapter, tenant, person)
  )`,
];

const pluginTable = sql`create table plugin_values (
  plugin text not null,
  tenant text not null,
  key text not null,
  value text not null,
  primary key (plugin, tenant, key)
)`;

const limitTables = ({ milliseconds }: ColumnTypes) => [
  sql`alter table jobs add column stop_requested integer not null default 0`,
  sql`alter table jobs add column noticed integer not null default 0`,
  sql`alter table jobs add column folded_into text`,
  sql`create table buckets (
    adapter text not null,
    tenant text not null,
    person text not null,
    kind text not null,
    level double precision not null,
    updated_at_ms ${milliseconds} not null,
    primary key (adapter, tenant, person, kind)
  )`,
];

const scheduleTable = ({ milliseconds }: ColumnTypes) => sql`create table schedules (
  plugin text not null,
  name text not null,
  last_at_ms ${milliseconds} not null,
  primary key (plugin, name)
)`;

const forgettingTables = ({ sequence, milliseconds }: ColumnTypes) => [
  sql`alter table messages add column person_adapter text`,
  sql`alter table messages add column person_id text`,
  sql`alter table parts add column author_id text`,
  sql`create index messages_of_person on messages (tenant, person_adapter, person_id)`,
  sql`create index messages_by_age on messages (created_at_ms)`,
  sql`create table forgettings (
    id ${sequence},
    tenant_digest text not null,
    at_ms ${milliseconds} not null,
    overwritten integer not null default 0
  )`,
  // They know persons by their ids.
  sql`delete from buckets`,
];

/** Columns of people that later migrations add. */
const laterColumns: readonly string[] = ['actions'];

const placeTables = ({ milliseconds }: ColumnTypes) => [
  sql`create table places (
    adapter text not null,
    tenant text not null,
    conversation_key text not null,
    message_id text not null,
    author_id text not null,
    posted_at_ms ${milliseconds} not null,
    primary key (adapter, tenant, conversation_key)
  )`,
  sql`create index places_by_age on places (posted_at_ms)`,
  sql`insert into places
    select adapter, tenant, conversation_key, message_id, author_id, posted_at_ms from jobs
    where id in (
      select max(id) from jobs where author_id not in ('', ${sql.lit(nobody)})
      group by adapter, tenant, conversation_key
    )`,
];

const announcedPictureTables = ({ milliseconds }: ColumnTypes) => [
  sql`create table announced_pictures (
    job_id ${milliseconds} not null references jobs (id) on delete cascade,
    position integer not null,
    tenant text not null,
    picture_id text not null,
    name text not null,
    description text not null,
    primary key (job_id, position),
    foreign key (tenant, picture_id) references pictures (tenant, id) on delete cascade
  )`,
  sql`create index announced_pictures_by_picture on announced_pictures (tenant, picture_id)`,
];

const migrationsFor = (types: ColumnTypes): Record<string, Migration> => ({
  '0001-conversations': {
    async up(db) {
      for (const table of conversationTables(types)) await table.execute(db);
    },
  },
  '0002-consent': {
    async up(db) {
      await sql`alter table conversations add column consented_at_ms ${types.milliseconds}`.execute(
        db,
      );
    },
  },
  '0003-jobs': {
    async up(db) {
      for (const table of jobTables(types)) await table.execute(db);
    },
  },
  '0004-plugins': {
    async up(db) {
      await pluginTable.execute(db);
    },
  },
  '0006-limits': {
    async up(db) {
      for (const table of limitTables(types)) await table.execute(db);
    },
  },
  '0008-trace': {
    async up(db) {
      await sql`alter table jobs add column accepted_at_ms ${types.milliseconds}`.execute(db);
      await sql`alter table jobs add column traceparent text`.execute(db);
    },
  },
  '0010-schedules': {
    async up(db) {
      await scheduleTable(types).execute(db);
    },
  },
  '0011-forgetting': {
    async up(db) {
      for (const statement of forgettingTables(types)) await statement.execute(db);
      const { places: _, announced_pictures: __, ...columnsByTable } = personalColumns;
      for (const [table, columns] of Object.entries(columnsByTable)) {
        const own = columns.filter((column) => !laterColumns.includes(column));
        for (const statement of types.unsampled(table, own)) await statement.execute(db);
      }
    },
  },
  '0012-places-in-files': {
    async up(db) {
      for (const column of ['page', 'pages', 'at_ms', 'duration_ms'])
        await sql`alter table parts add column ${sql.ref(column)} ${types.milliseconds}`.execute(
          db,
        );
    },
  },
  '0013-picture-sources': {
    async up(db) {
      await sql`alter table parts add column source text`.execute(db);
    },
  },
  '0014-actions': {
    async up(db) {
      await sql`alter table replies add column actions text`.execute(db);
      for (const statement of types.unsampled('replies', ['actions'])) await statement.execute(db);
    },
  },
  '0015-places': {
    async up(db) {
      const unsampled = types.unsampled('places', personalColumns.places ?? []);
      for (const statement of [...placeTables(types), ...unsampled]) await statement.execute(db);
    },
  },
  '0016-announced-pictures': {
    async up(db) {
      const table = 'announced_pictures';
      const unsampled = types.unsampled(table, personalColumns[table] ?? []);
      for (const statement of [...announcedPictureTables(types), ...unsampled])
        await statement.execute(db);
    },
  },
  '0017-delays': {
    async up(db) {
      await sql`alter table jobs add column delay_ms ${types.milliseconds} not null default 0`.execute(
        db,
      );
    },
  },
  '0018-private-conversations': {
    async up(db) {
      const column = sql`is_private integer not null default 0`;
      await sql`alter table conversations add column ${column}`.execute(db);
    },
  },
  '0019-picture-frames': {
    async up(db) {
      await sql`alter table pictures add column frames integer`.execute(db);
    },
  },
});

/**
 * Brings the database to the newest schema in one transaction. Throws `store.failed` when
 * it was written by a newer version. @internal
 */
export async function migrate(db: Kysely<Database>, types: ColumnTypes): Promise<void> {
  const provider: MigrationProvider = { getMigrations: async () => migrationsFor(types) };
  const { error } = await new Migrator({ db, provider }).migrateToLatest();
  if (error === undefined) return;
  if (!/previously executed migration/.test(String(error))) throw error;
  throw new VistazoError(
    'store.failed',
    'The database was written by a newer version of Vistazo; update Vistazo or use another database.',
    { cause: error },
  );
}
