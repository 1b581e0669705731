import { type Kysely, sql } from 'kysely';
import type { DatabaseKind } from './database-kind.js';
import type { Database } from './schema.js';

const lookEveryMs = 1000;
/** Clocks are put right by a little all the time. @internal */
export const clockToleranceMs = 1000;

/**
 * Notices that the clock of the database was set back, and with it that jobs are due later than was ever said: after a
 * machine began with a wrong time, or went on from a snapshot. Those are due after their own delay then, counted from
 * now; who holds one renews it sooner. @internal
 */
export class ClockWatch {
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly kind: DatabaseKind) {}

  /** Costs little: open jobs alone are looked at, once a second. */
  async look(db: Kysely<Database>): Promise<void> {
    if (performance.now() - this.#lookedAtMs < lookEveryMs) return;
    this.#lookedAtMs = performance.now();
    const fromNow = sql<number>`${this.kind.nowMs} + delay_ms`;
    await db
      .updateTable('jobs')
      .set({ due_at_ms: fromNow })
      .where('status', 'in', ['waiting', 'running'])
      .where('due_at_ms', '>', sql<number>`${fromNow} + ${sql.lit(clockToleranceMs)}`)
      .execute();
  }
}
