import { setTimeout as wait } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { type Database, personalColumns } from '../kysely/schema.js';
import { codeOf } from './postgres-errors.js';

const insufficientPrivilege = '42501';
/** How long transactions are waited for that may still see what was deleted. */
const longestWaitMs = 60_000;
const pollMs = 50;

/**
 * PostgreSQL keeps what was deleted in its pages until they are written anew, and in its log. The tables
 * are written anew, which holds up whoever uses them meanwhile; the log is moved on until each of its files
 * was overwritten, which takes the rights of `pg_checkpoint` and `pg_monitor`, and to execute
 * `pg_switch_wal`. Archives, replicas and backups are not reached.
 * Sources: https://www.postgresql.org/docs/current/sql-vacuum.html,
 * https://www.postgresql.org/docs/current/wal-configuration.html
 * @internal
 */
export async function overwriteDeleted(db: Kysely<Database>): Promise<string[]> {
  const isUnseen = await untilNobodySees(db);
  for (const table of Object.keys(personalColumns))
    await sql`vacuum (full) ${sql.table(table)}`.execute(db);
  const isLogOver = await overwriteLog(db).then(
    () => true,
    (error: unknown) => {
      if (codeOf(error) !== insufficientPrivilege) throw error;
      return false;
    },
  );
  return [
    ...(isUnseen ? [] : ['the tables of PostgreSQL, since a transaction has gone on for long']),
    ...(isLogOver ? [] : ['the write-ahead log of PostgreSQL, until the server overwrites it']),
  ];
}

/** Rows that a transaction which began before may still see are kept. */
async function untilNobodySees(db: Kysely<Database>): Promise<boolean> {
  const { rows } = await sql<{
    now: string;
  }>`select pg_current_xact_id()::xid::text as now`.execute(db);
  const now = sql`${rows[0]?.now ?? ''}::text::xid`;
  for (const endMs = performance.now() + longestWaitMs; ; await wait(pollMs)) {
    const { rows: older } = await sql`select pid from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()
      and (age(backend_xmin) > age(${now}) or age(backend_xid) > age(${now}))`.execute(db);
    if (older.length === 0) return true;
    if (performance.now() > endMs) return false;
  }
}

/**
 * A checkpoint frees the files of the log but for the one that is written to, and some of them are used
 * again as they are; what is switched away from is filled with zeros.
 */
async function overwriteLog(db: Kysely<Database>): Promise<void> {
  await switchLog(db);
  await sql`checkpoint`.execute(db);
  const { rows } = await sql<{ count: number }>`select count(*) from pg_ls_waldir()`.execute(db);
  for (let switched = 0; switched <= Number(rows[0]?.count ?? 0); switched++) await switchLog(db);
}

/** Nothing is switched where nothing was written since the last time. */
async function switchLog(db: Kysely<Database>): Promise<void> {
  await sql`select pg_logical_emit_message(false, 'vistazo', '')`.execute(db);
  await sql`select pg_switch_wal()`.execute(db);
}
