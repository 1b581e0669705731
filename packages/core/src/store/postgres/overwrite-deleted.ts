import { type Kysely, sql } from 'kysely';
import { type Database, personalColumns } from '../kysely/schema.js';
import { codeOf } from './postgres-errors.js';

const insufficientPrivilege = '42501';

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
  for (const table of Object.keys(personalColumns))
    await sql`vacuum (full) ${sql.table(table)}`.execute(db);
  try {
    await overwriteLog(db);
    return [];
  } catch (error) {
    if (codeOf(error) !== insufficientPrivilege) throw error;
    return ['the write-ahead log of PostgreSQL, until the server overwrites it'];
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
