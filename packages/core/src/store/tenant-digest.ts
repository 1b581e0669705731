import { createHash } from 'node:crypto';

/** Stands for a tenant where its name must not be kept. @internal */
export function tenantDigest(tenant: string): string {
  return createHash('sha256').update(tenant).digest('base64url');
}
