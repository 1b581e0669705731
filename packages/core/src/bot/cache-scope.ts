import type { MessageKey } from '../store/job-store.js';

/**
 * The scope in which a model and a media process keep what they worked out for a tenant of a platform:
 * what is kept for one tenant is found for no other. No two tenants have the same. @internal
 */
export function cacheScopeOf({ adapter, tenant }: Pick<MessageKey, 'adapter' | 'tenant'>): string {
  return JSON.stringify([adapter, tenant]);
}
