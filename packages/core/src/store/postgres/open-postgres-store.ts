import { Kysely, PostgresDialect, type PostgresDialectConfig, PostgresDriver, sql } from 'kysely';
import type pg from 'pg';
import { VistazoError } from '../../errors.js';
import type { DatabaseKind } from '../kysely/database-kind.js';
import { KyselyStore } from '../kysely/kysely-store.js';
import { migrate } from '../kysely/migrations.js';
import type { Database } from '../kysely/schema.js';
import { tryAgain } from '../kysely/try-again.js';
import type { Store } from '../store.js';
import { ConnectionWatch } from './connection-watch.js';
import { overwriteDeleted } from './overwrite-deleted.js';
import { isBroken, isConflict, toStoreError } from './postgres-errors.js';
import { StorableText } from './storable-text.js';

/** Options of {@link openPostgresStore}. */
export interface PostgresStoreOptions {
  /** Such as `postgresql://user:secret@host/database`. The database exists and may be empty. */
  url: string;
  /** Whose conversations these are, such as a guild or team. Default `local`. */
  tenant?: string;
  /** Most connections at once, 1 or more. Default 10. */
  maxConnections?: number;
  /**
   * How long a connection is used before the server is asked, on another one, whether it still has it; 100 or more.
   * A fail-over may leave connections that nobody ends. Default 30,000.
   */
  stuckAfterMs?: number;
}

/**
 * Opens a store in a PostgreSQL database (15 or newer), which several processes may share. What a
 * resolved promise wrote is as durable as the server's `synchronous_commit`, by default on disk.
 * Throws `store.failed` when the server cannot be reached or refuses.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { url, tenant = 'local', maxConnections = 10, stuckAfterMs = 30_000 } = options;
  if (!(stuckAfterMs >= 100))
    throw new VistazoError(
      'option.invalid',
      `stuckAfterMs is ${stuckAfterMs}; use a number of milliseconds of 100 or more.`,
    );
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({
    connectionString: url,
    max: maxConnections,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    application_name: 'vistazo',
    types: { getTypeParser: (oid) => (oid === bigintOid ? Number : pg.types.getTypeParser(oid)) },
  });
  // A connection that breaks while nobody uses it is replaced when one is needed.
  pool.on('error', () => {});
  // One that breaks while it is used fails what uses it; the event, unheard, would end the process.
  pool.on('connect', (client) => client.on('error', () => {}));
  new ConnectionWatch(pool, pg.Client, probeOf(pg.Client, url), stuckAfterMs);
  const dialect = new RecoveringDialect({ pool });
  const db = new Kysely<Database>({ dialect, plugins: [new StorableText()] });
  try {
    await tryAgain(() => migrate(db, postgresKind.columnTypes), isBroken);
    return new KyselyStore(db, postgresKind, tenant);
  } catch (error) {
    await db.destroy();
    throw toStoreError(error);
  }
}

/** Asks on a connection of its own. */
function probeOf(Client: typeof pg.Client, url: string) {
  return async (sql: string, values: unknown[]): Promise<unknown[]> => {
    const timeouts = { connectionTimeoutMillis: probeTimeoutMs, query_timeout: probeTimeoutMs };
    const client = new Client({ connectionString: url, ...timeouts });
    client.on('error', () => {});
    try {
      await client.connect();
      return (await client.query(sql, values)).rows;
    } finally {
      await client.end().catch(() => {});
    }
  };
}

const probeTimeoutMs = 10_000;

/** Of a transaction that fails the first fault is told, not that its connection could not undo it any more. */
class RecoveringDialect extends PostgresDialect {
  readonly #config: PostgresDialectConfig;

  constructor(config: PostgresDialectConfig) {
    super(config);
    this.#config = config;
  }

  override createDriver(): PostgresDriver {
    return new RecoveringDriver(this.#config);
  }
}

class RecoveringDriver extends PostgresDriver {
  override async rollbackTransaction(
    ...[connection]: Parameters<PostgresDriver['rollbackTransaction']>
  ): Promise<void> {
    // The server undoes what a lost connection began.
    await super.rollbackTransaction(connection).catch(() => {});
  }
}

/** https://www.postgresql.org/docs/current/catalog-pg-type.html; all of ours are below 2^53. */
const bigintOid = 20;

const postgresKind: DatabaseKind = {
  columnTypes: {
    sequence: sql`bigint generated always as identity primary key`,
    milliseconds: sql`bigint`,
    bytes: sql`bytea`,
    unsampled: (table, columns) =>
      columns.map(
        (column) =>
          sql`alter table ${sql.table(table)} alter column ${sql.ref(column)} set statistics 0`,
      ),
  },
  nowMs: sql<number>`cast(extract(epoch from clock_timestamp()) * 1000 as bigint)`,
  async holdPictures(db, tenant, purpose) {
    const key = sql`hashtextextended(${`vistazo pictures of ${tenant}`}, 0)`;
    await (purpose === 'adding'
      ? sql`select pg_advisory_xact_lock_shared(${key})`
      : sql`select pg_advisory_xact_lock(${key})`
    ).execute(db);
  },
  afterDeletion: async () => {},
  overwriteDeleted,
  isConflict,
  isBroken,
  toStoreError,
};
