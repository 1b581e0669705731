import { type Kysely, Transaction } from 'kysely';
import type { DatabaseKind } from './database-kind.js';
import type { Database } from './schema.js';

/** What all stores in a database do alike: its faults become `store.failed` with a mend. @internal */
export abstract class GuardedDatabase {
  constructor(
    protected readonly db: Kysely<Database>,
    protected readonly kind: DatabaseKind,
  ) {}

  protected async guarded<Result>(
    work: (db: Kysely<Database>) => Promise<Result>,
  ): Promise<Result> {
    try {
      return await work(this.db);
    } catch (error) {
      throw this.kind.toStoreError(error);
    }
  }

  /** All of it or nothing; a part of the transaction that this store is in already, if it is in one. */
  protected inTransaction<Result>(
    work: (db: Transaction<Database>) => Promise<Result>,
  ): Promise<Result> {
    return this.guarded((db) =>
      db instanceof Transaction ? work(db) : db.transaction().execute(work),
    );
  }
}
