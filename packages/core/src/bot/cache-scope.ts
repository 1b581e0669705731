import type { MessageKey } from '../store/job-store.js';
import { tenantDigest } from '../store/tenant-digest.js';

/**
 * The scope in which a model and a media process keep what they worked out for a tenant of a platform:
 * what is kept for one tenant is found for no other. No two tenants have the same, and it does not say
 * who the tenant is. @internal
 */
export function cacheScopeOf({ adapter, tenant }: Pick<MessageKey, 'adapter' | 'tenant'>): string {
  return cacheScopeOfDigest(adapter, tenantDigest(tenant));
}

/** The same, of a tenant of which only the {@link tenantDigest} is known any more. @internal */
export function cacheScopeOfDigest(adapter: string, digest: string): string {
  return JSON.stringify([adapter, digest]);
}

/** Tells which tenants have one of these digests. @internal */
export function isAmong(digests: readonly string[]): (tenant: string) => boolean {
  const known = new Map<string, boolean>();
  return (tenant) => {
    const isMeant = known.get(tenant) ?? digests.includes(tenantDigest(tenant));
    known.set(tenant, isMeant);
    return isMeant;
  };
}
