import { createHash } from 'node:crypto';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { DatabaseKind } from './database-kind.js';
import type { Database } from './schema.js';

/** Whose bucket it is, and of what. @internal */
export interface BucketKey {
  adapter: string;
  tenant: string;
  /** Id of a person; empty for the tenant as a whole, which no platform's id is. */
  person: string;
  kind: 'messages' | 'refusals' | 'modelMs';
}

/** What a bucket holds when it is full, and how fast it fills. @internal */
export interface BucketSize {
  capacity: number;
  perMs: number;
}

/** A token bucket in the database, by its clock, so that several processes share it. @internal */
export class Bucket {
  readonly #key: BucketKey;

  constructor(
    private readonly db: Kysely<Database>,
    private readonly nowMs: DatabaseKind['nowMs'],
    key: BucketKey,
    private readonly size: BucketSize,
  ) {
    this.#key = { ...key, person: digestOf(key.person) };
  }

  /** Takes something out, if there is as much; in one statement, so that none is taken twice. */
  async take(cost: number): Promise<boolean> {
    const enough = sql<boolean>`${this.#filled} >= ${double(cost)}`;
    const { numInsertedOrUpdatedRows } = await this.#change(cost, enough).executeTakeFirstOrThrow();
    return numInsertedOrUpdatedRows !== 0n;
  }

  /** Takes something out, also where there is not as much; then nothing is left for a while. */
  async spend(cost: number): Promise<void> {
    await this.#change(cost, sql<boolean>`true`).execute();
  }

  /** How long until there is as much; 0 when there is. */
  async waitMs(cost: number): Promise<number> {
    const row = await this.db
      .selectFrom('buckets')
      .select(this.#filled.as('level'))
      .where('adapter', '=', this.#key.adapter)
      .where('tenant', '=', this.#key.tenant)
      .where('person', '=', this.#key.person)
      .where('kind', '=', this.#key.kind)
      .executeTakeFirst();
    const level = row?.level ?? this.size.capacity;
    const waitMs = Math.max(0, Math.ceil((cost - level) / this.size.perMs));
    if (waitMs > 0) await this.#fillFromNow();
    return waitMs;
  }

  /** Where the clock was set back, it would not fill until that time is over. */
  async #fillFromNow(): Promise<void> {
    await this.db
      .updateTable('buckets')
      .set({ updated_at_ms: this.nowMs })
      .where('adapter', '=', this.#key.adapter)
      .where('tenant', '=', this.#key.tenant)
      .where('person', '=', this.#key.person)
      .where('kind', '=', this.#key.kind)
      .where('updated_at_ms', '>', this.nowMs)
      .execute();
  }

  #change(cost: number, condition: RawBuilder<boolean>) {
    const level = this.size.capacity - cost;
    return this.db
      .insertInto('buckets')
      .values({ ...this.#key, level, updated_at_ms: this.nowMs })
      .onConflict((conflict) =>
        conflict
          .columns(['adapter', 'tenant', 'person', 'kind'])
          .doUpdateSet({
            level: sql<number>`${this.#filled} - ${double(cost)}`,
            updated_at_ms: this.nowMs,
          })
          .where(condition),
      );
  }

  /** What it holds now. */
  get #filled() {
    const { capacity, perMs } = this.size;
    const sinceMs = sql<number>`(${this.nowMs} - buckets.updated_at_ms)`;
    // Clocks are set back at times; nothing flows out then.
    const filling = sql<number>`(case when ${sinceMs} > 0 then ${sinceMs} else 0 end)`;
    const level = sql<number>`buckets.level + ${filling} * ${double(perMs)}`;
    return sql<number>`case when ${level} > ${double(capacity)} then ${double(capacity)} else ${level} end`;
  }
}

/** Of this type in every database, whatever the driver makes of a whole number. */
function double(value: number) {
  return sql<number>`cast(${value} as double precision)`;
}

function digestOf(person: string): string {
  return person === '' ? '' : createHash('sha256').update(person).digest('base64url');
}
