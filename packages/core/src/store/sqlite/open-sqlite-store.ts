import SqliteDatabase from 'better-sqlite3';
import {
  Kysely,
  SqliteAdapter,
  SqliteDialect,
  type SqliteDialectConfig,
  SqliteDriver,
  sql,
} from 'kysely';
import type { DatabaseKind } from '../kysely/database-kind.js';
import { KyselyStore } from '../kysely/kysely-store.js';
import { migrate } from '../kysely/migrations.js';
import type { Database } from '../kysely/schema.js';
import type { Store } from '../store.js';
import { keepPrivate } from './keep-private.js';
import { isConflict, toStoreError } from './sqlite-errors.js';

/** Options of {@link openSqliteStore}. */
export interface SqliteStoreOptions {
  /** The database file; it is made when it is not there, its folder is not. */
  path: string;
  /** Whose conversations these are, such as a guild or team. Default `local`. */
  tenant?: string;
}

/**
 * Opens a store in a SQLite file: write-ahead log, `synchronous=FULL`, so that what a resolved
 * promise wrote survives the death of the process or the machine. The file is locked for this
 * process, and only its user may read it (mode 0600). Answers that a dead process left running become failed.
 * Throws `store.failed` when the file cannot be opened, is damaged, or is used by another process
 * (after 5 s).
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { path, tenant = 'local' } = options;
  const kind = sqliteKind(path);
  let sqlite: SqliteDatabase.Database | undefined;
  try {
    sqlite = openDatabase(path);
    const db = new Kysely<Database>({ dialect: new TransactionalDialect({ database: sqlite }) });
    await migrate(db, kind.columnTypes);
    await failInterruptedAnswers(db);
    await freeJobs(db, kind.nowMs);
    await emptyLog(db);
    return new KyselyStore(db, kind, tenant);
  } catch (error) {
    sqlite?.close();
    throw kind.toStoreError(error);
  }
}

/**
 * SQLite changes tables in transactions, which Kysely does not count on; without them a death in the
 * middle of a migration would leave a database that no later start can open.
 * https://www.sqlite.org/lang_transaction.html
 */
class TransactionalDialect extends SqliteDialect {
  readonly #config: SqliteDialectConfig;

  constructor(config: SqliteDialectConfig) {
    super(config);
    this.#config = config;
  }

  override createDriver(): SqliteDriver {
    return new RecoveringDriver(this.#config);
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter();
  }
}

/**
 * SQLite undoes a transaction by itself when the disk is full or fails. Of such a one the first fault is told, not
 * that there is nothing left to undo. https://www.sqlite.org/lang_transaction.html
 */
class RecoveringDriver extends SqliteDriver {
  override async rollbackTransaction(
    ...[connection]: Parameters<SqliteDriver['rollbackTransaction']>
  ): Promise<void> {
    await super.rollbackTransaction(connection).catch(() => {});
  }
}

class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

function openDatabase(path: string): SqliteDatabase.Database {
  keepPrivate(path);
  const database = new SqliteDatabase(path, { timeout: 5000 });
  try {
    // The kernel gives the lock back when the process dies, so a running answer is ours or dead.
    database.pragma('locking_mode = EXCLUSIVE');
    // Large pages write pictures five times as fast, and the event loop waits meanwhile.
    database.pragma('page_size = 65536');
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    // What a person deletes is overwritten, not only unlinked.
    database.pragma('secure_delete = ON');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

const sqliteKind = (path: string): DatabaseKind => ({
  columnTypes: {
    sequence: sql`integer primary key autoincrement`,
    milliseconds: sql`integer`,
    bytes: sql`blob`,
    // It keeps statistics only when it is told to.
    unsampled: () => [],
  },
  nowMs: sql<number>`cast(unixepoch('subsec') * 1000 as integer)`,
  // One process, one transaction at a time.
  holdPictures: async () => {},
  afterDeletion: emptyLog,
  overwriteDeleted: async (db) => {
    await emptyLog(db);
    return [];
  },
  isConflict,
  // There is no connection.
  isBroken: () => false,
  toStoreError: (cause) => toStoreError(cause, path),
});

async function failInterruptedAnswers(db: Kysely<Database>): Promise<void> {
  await db
    .updateTable('messages')
    .set({
      status: 'failed',
      error_code: 'generation.aborted',
      error_message: 'The bot was ended while it made this answer; regenerate it to try again.',
    })
    .where('status', '=', 'running')
    .execute();
}

/**
 * Who held them is dead, so that their leases need not run out. One that was there at many deaths may
 * be their cause: it waits, longer each time, up to a minute.
 */
async function freeJobs(db: Kysely<Database>, nowMs: DatabaseKind['nowMs']): Promise<void> {
  const delayMs = sql<number>`(min(60000, (1 << min(attempts, 12)) * 30) - 60)`;
  await db
    .updateTable('jobs')
    .set({ due_at_ms: sql`${nowMs} + ${delayMs}`, delay_ms: delayMs })
    .where('status', '=', 'running')
    .execute();
}

/** Moves what the write-ahead log holds into the database, and the log holds nothing any more. */
async function emptyLog(db: Kysely<Database>): Promise<void> {
  await sql`pragma wal_checkpoint(truncate)`.execute(db);
}
