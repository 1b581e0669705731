import { type Kysely, Transaction } from 'kysely';
import type { DatabaseKind } from './database-kind.js';
import type { Database } from './schema.js';
import { tryAgain } from './try-again.js';

/**
 * What all stores in a database do alike. Their faults become `store.failed` with a mend, and work whose connection
 * broke is tried again on another one. @internal
 */
export abstract class GuardedDatabase {
  constructor(
    protected readonly db: Kysely<Database>,
    protected readonly kind: DatabaseKind,
  ) {}

  /** Work that reads, or that may be done twice: a statement may have taken effect before its connection broke. */
  protected guarded<Result>(work: (db: Kysely<Database>) => Promise<Result>): Promise<Result> {
    // What a transaction did before is gone with its connection, so that only the whole of it can be done again.
    return this.#tried(
      () => work(this.db),
      () => !(this.db instanceof Transaction),
    );
  }

  /**
   * All of it or nothing; a part of the transaction that this store is in already, if it is in one. It is done again
   * where its connection broke before it was to be committed, so that `work` may run more than once. Nobody knows
   * whether a commit that was cut off took effect; then it is done again only where it says that it may be.
   */
  protected inTransaction<Result>(
    work: (db: Transaction<Database>) => Promise<Result>,
    { mayRepeatCommit = false }: { mayRepeatCommit?: boolean } = {},
  ): Promise<Result> {
    const { db } = this;
    if (db instanceof Transaction) return this.guarded(() => work(db));
    let isDone = false;
    const once = () =>
      db.transaction().execute(async (transaction) => {
        const result = await work(transaction);
        isDone = true;
        return result;
      });
    return this.#tried(once, () => mayRepeatCommit || !isDone);
  }

  async #tried<Result>(work: () => Promise<Result>, mayRepeat: () => boolean): Promise<Result> {
    try {
      return await tryAgain(work, (error) => mayRepeat() && this.kind.isBroken(error));
    } catch (error) {
      throw this.kind.toStoreError(error);
    }
  }
}
