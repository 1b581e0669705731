import { type Kysely, type Selectable, sql } from 'kysely';
import { clockToleranceMs } from './clock-watch.js';
import type { DatabaseKind } from './database-kind.js';
import { wholeTenant } from './refusals.js';
import type { Database } from './schema.js';

/**
 * The open job that is due next, of people who have fewer than so many under way: of the tenant, and in it of the person, whose last turn is the
 * longest ago, the oldest. @internal
 */
export function nextJob(
  db: Kysely<Database>,
  { nowMs }: DatabaseKind,
  adapters: readonly string[],
  maxRunningPerPerson: number,
): Promise<{ id: number; fence: number } | undefined> {
  return (
    db
      .selectFrom(firstOfConversations(db, adapters).as('first'))
      .innerJoin('jobs', 'jobs.id', 'first.id')
      .leftJoin('turns as tenantTurn', (join) =>
        join
          .onRef('tenantTurn.adapter', '=', 'jobs.adapter')
          .onRef('tenantTurn.tenant', '=', 'jobs.tenant')
          .on('tenantTurn.person', '=', wholeTenant),
      )
      .leftJoin('turns as personTurn', (join) =>
        join
          .onRef('personTurn.adapter', '=', 'jobs.adapter')
          .onRef('personTurn.tenant', '=', 'jobs.tenant')
          .onRef('personTurn.person', '=', 'jobs.author_id'),
      )
      .select(['jobs.id', 'jobs.fence'])
      .leftJoin(runningByPerson(db).as('busy'), (join) =>
        join
          .onRef('busy.adapter', '=', 'jobs.adapter')
          .onRef('busy.tenant', '=', 'jobs.tenant')
          .onRef('busy.author_id', '=', 'jobs.author_id'),
      )
      .where('jobs.due_at_ms', '<=', nowMs)
      // One whose lease ran out takes the place that it has.
      .where(({ eb, or, fn, val }) =>
        or([
          eb('jobs.status', '=', 'running'),
          eb(fn.coalesce('busy.running', val(0)), '<', maxRunningPerPerson),
        ]),
      )
      .orderBy(lastTurn(nowMs, 'tenantTurn'))
      .orderBy(lastTurn(nowMs, 'personTurn'))
      .orderBy('jobs.id')
      .limit(1)
      .executeTakeFirst()
  );
}

/**
 * When they had their last turn, 0 where they had none. One in the future was before the clock was set back, and
 * would let them wait until it is over.
 */
function lastTurn(nowMs: DatabaseKind['nowMs'], turn: 'tenantTurn' | 'personTurn') {
  const leasedAtMs = sql.ref<number>(`${turn}.leased_at_ms`);
  return sql<number>`case when ${leasedAtMs} <= ${nowMs} + ${sql.lit(clockToleranceMs)}
    then ${leasedAtMs} else 0 end`;
}

/**
 * The open job of each conversation that comes next: the one that runs, which is leased again when its
 * lease has run out, or the oldest. One pass, so that many open jobs cost little.
 */
function firstOfConversations(db: Kysely<Database>, adapters: readonly string[]) {
  return db
    .selectFrom('jobs')
    .select(({ fn, eb }) =>
      fn
        .coalesce(
          fn.max<number | null>(eb.case().when('status', '=', 'running').then(eb.ref('id')).end()),
          fn.min<number>('id'),
        )
        .as('id'),
    )
    .where('adapter', 'in', adapters)
    .where('status', 'in', ['waiting', 'running'])
    .groupBy(['adapter', 'tenant', 'conversation_key']);
}

/** How many jobs of each person are held. */
function runningByPerson(db: Kysely<Database>) {
  return db
    .selectFrom('jobs')
    .select(['adapter', 'tenant', 'author_id'])
    .select(({ fn }) => fn.countAll<number>().as('running'))
    .where('status', '=', 'running')
    .groupBy(['adapter', 'tenant', 'author_id']);
}

/** Who had a turn just now comes after those who had theirs before. @internal */
export async function noteTurn(
  db: Kysely<Database>,
  { nowMs }: DatabaseKind,
  { adapter, tenant, author_id }: Selectable<Database['jobs']>,
): Promise<void> {
  for (const person of [wholeTenant, author_id])
    await db
      .insertInto('turns')
      .values({ adapter, tenant, person, leased_at_ms: nowMs })
      .onConflict((conflict) =>
        conflict.columns(['adapter', 'tenant', 'person']).doUpdateSet({ leased_at_ms: nowMs }),
      )
      .execute();
}
