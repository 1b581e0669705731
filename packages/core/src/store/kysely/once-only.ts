import type { Transaction } from 'kysely';
import { VistazoError } from '../../errors.js';
import type { Database } from './schema.js';

type Work<Result> = (db: Transaction<Database>) => Promise<Result>;

/**
 * Work that has its effect once however often it is done. Where it turns out to be done already, by a try whose commit
 * was cut off, its result is what that try had: the event is known, or the job is nobody's any more. @internal
 */
export function onceOnly<Result>(work: Work<Result>): Work<Result> {
  let before: { result: Result } | undefined;
  return async (db) => {
    try {
      const result = await work(db);
      if (result === 'known' && before !== undefined) return before.result;
      before = { result };
      return result;
    } catch (error) {
      const isLost = error instanceof VistazoError && error.code === 'job.lost';
      if (isLost && before !== undefined) return before.result;
      throw error;
    }
  };
}
