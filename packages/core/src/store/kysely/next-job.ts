import type { Kysely, Selectable } from 'kysely';
import type { DatabaseKind } from './database-kind.js';
import type { Database } from './schema.js';

/** In place of a person, the turns of all people of a tenant; no platform's id is empty. */
const wholeTenant = '';

/**
 * The open job that is due next: of the tenant, and in it of the person, whose last turn is the
 * longest ago, the oldest. @internal
 */
export function nextJob(
  db: Kysely<Database>,
  { nowMs }: DatabaseKind,
  adapters: readonly string[],
): Promise<{ id: number; fence: number } | undefined> {
  return db
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
    .where('jobs.due_at_ms', '<=', nowMs)
    .orderBy(({ fn, val }) => fn.coalesce('tenantTurn.leased_at_ms', val(0)))
    .orderBy(({ fn, val }) => fn.coalesce('personTurn.leased_at_ms', val(0)))
    .orderBy('jobs.id')
    .limit(1)
    .executeTakeFirst();
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
