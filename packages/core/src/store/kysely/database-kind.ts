import type { Kysely, RawBuilder, Transaction } from 'kysely';
import type { VistazoError } from '../../errors.js';
import type { Database } from './schema.js';

/** SQL of the column types that databases name differently. @internal */
export interface ColumnTypes {
  /** A primary key that grows with every row. */
  sequence: RawBuilder<unknown>;
  /** Whole numbers up to 2^53. */
  milliseconds: RawBuilder<unknown>;
  bytes: RawBuilder<unknown>;
  /** Keeps samples of what is in these columns out of the statistics that the database keeps. */
  unsampled(table: string, columns: readonly string[]): RawBuilder<unknown>[];
}

/** What databases do differently. @internal */
export interface DatabaseKind {
  columnTypes: ColumnTypes;
  /** SQL of the time in milliseconds since 1970, by the clock that all processes share. */
  nowMs: RawBuilder<number>;
  /**
   * Keeps a transaction that deletes the pictures that nothing refers to apart from those that add
   * a reference, where transactions run side by side.
   */
  holdPictures(
    db: Transaction<Database>,
    tenant: string,
    purpose: 'adding' | 'deleting',
  ): Promise<void>;
  /** Overwrites what a deletion left in logs or in free pages, where that costs little. */
  afterDeletion(db: Kysely<Database>): Promise<void>;
  /** The same whatever it costs. Gives where something may be left, in words for operators. */
  overwriteDeleted(db: Kysely<Database>): Promise<string[]>;
  /** Whether a write failed because another one was faster: a unique index forbids it now. */
  isConflict(error: unknown): boolean;
  /** Whether the connection broke, or could not be made, so that the same may succeed on another one. */
  isBroken(error: unknown): boolean;
  /** A fault of the database as `store.failed` with a mend; other errors of ours unchanged. */
  toStoreError(cause: unknown): VistazoError;
}
