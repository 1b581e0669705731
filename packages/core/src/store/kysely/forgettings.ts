import type { Kysely } from 'kysely';
import { tenantDigest } from '../tenant-digest.js';
import type { DatabaseKind } from './database-kind.js';
import type { Database } from './schema.js';

/**
 * Notes that something of a tenant was deleted, of which any process may have something in memory; and
 * whether what is left of it on the disk is still to be overwritten. @internal
 */
export async function noteForgetting(
  db: Kysely<Database>,
  { nowMs }: DatabaseKind,
  tenant: string,
  { isOverwritten }: { isOverwritten: boolean },
): Promise<void> {
  await db
    .insertInto('forgettings')
    .values({
      tenant_digest: tenantDigest(tenant),
      at_ms: nowMs,
      overwritten: isOverwritten ? 1 : 0,
    })
    .execute();
}

/** Those after the one of this number. @internal */
export async function forgettingsSince(
  db: Kysely<Database>,
  after: number,
): Promise<{ latest: number; tenantDigests: string[] }> {
  const rows = await db
    .selectFrom('forgettings')
    .select(['id', 'tenant_digest'])
    .where('id', '>', after)
    .execute();
  return {
    latest: Math.max(after, ...rows.map(({ id }) => id)),
    tenantDigests: [...new Set(rows.map(({ tenant_digest }) => tenant_digest))],
  };
}

/** @internal */
export async function hasToOverwrite(db: Kysely<Database>): Promise<boolean> {
  const row = await db
    .selectFrom('forgettings')
    .select('id')
    .where('overwritten', '=', 0)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Notes that all up to this number is overwritten. @internal */
export async function noteOverwritten(db: Kysely<Database>, upTo: number): Promise<void> {
  await db.updateTable('forgettings').set({ overwritten: 1 }).where('id', '<=', upTo).execute();
}
