import type { CacheScope } from '../../cache-scopes.js';
import { bytesOf, type KvCache, truncated } from './kv-cache.js';

interface Entry {
  scope: string;
  keys: readonly number[];
  cache: KvCache;
}

/**
 * KV caches of the conversations answered last, up to `maxBytes`, so that a next turn reads only
 * what is new. A token is known by its id, a token of a picture by the number of its picture. The
 * bound is over all scopes together; what was kept in one is found in no other.
 */
export class PrefixCache {
  readonly #maxBytes: number;
  #entries: Entry[] = [];

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The longest cache that begins like `keys`, at most all but the last of them. */
  longest({ name, isForgotten }: CacheScope, keys: readonly number[]): KvCache | undefined {
    if (isForgotten) return undefined;
    const own = this.#entries.filter(({ scope }) => scope === name);
    const matches = own.map((entry) => ({
      entry,
      shared: sharedLength(entry.keys, keys),
    }));
    const best = matches.reduce<(typeof matches)[number] | undefined>(
      (a, b) => (a === undefined || b.shared > a.shared ? b : a),
      undefined,
    );
    if (best === undefined || best.shared === 0) return undefined;
    return truncated(best.entry.cache, Math.min(best.shared, keys.length - 1));
  }

  /** Remembers the cache of `keys`, instead of those that are a beginning of it. */
  remember({ name, isForgotten }: CacheScope, keys: readonly number[], cache: KvCache): void {
    if (isForgotten) return;
    const others = this.#entries.filter(
      (entry) => entry.scope !== name || sharedLength(entry.keys, keys) < entry.keys.length,
    );
    this.#entries = [...others, { scope: name, keys: keys.slice(0, cache.tokens), cache }];
    while (this.#entries.length > 0 && this.#bytes() > this.#maxBytes) this.#entries.shift();
  }

  /** Drops all that was kept in the scope of this name. */
  forget(name: string): void {
    this.#entries = this.#entries.filter(({ scope }) => scope !== name);
  }

  #bytes(): number {
    return this.#entries.reduce((sum, { cache }) => sum + bytesOf(cache), 0);
  }
}

function sharedLength(a: readonly number[], b: readonly number[]): number {
  const limit = Math.min(a.length, b.length);
  let length = 0;
  while (length < limit && a[length] === b[length]) length += 1;
  return length;
}
