import { createHash } from 'node:crypto';

/** A key for storage that is the same for the same parts, however long they are. */
export function stableKey(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
