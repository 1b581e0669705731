import { BoundedCache } from './bounded-cache.js';
import type { CacheScope } from './cache-scopes.js';

interface Entry<T> {
  scope: string;
  value: T;
}

/** Values that are found only within the scope that they were kept in, with one bound over all scopes together. */
export class ScopedCache<T> {
  readonly #entries: BoundedCache<Entry<T>>;

  /** `maxSize` is of all scopes together, as `sizeOf` measures; the longest unused go first. */
  constructor(maxSize: number, sizeOf: (value: T) => number) {
    this.#entries = new BoundedCache<Entry<T>>(maxSize, ({ value }) => sizeOf(value));
  }

  get({ name, isForgotten }: CacheScope, key: string): T | undefined {
    return isForgotten ? undefined : this.#entries.get(keyIn(name, key))?.value;
  }

  /** Keeps `value`, unless it alone is larger than the cache or the scope was forgotten. */
  set({ name, isForgotten }: CacheScope, key: string, value: T): void {
    if (!isForgotten) this.#entries.set(keyIn(name, key), { scope: name, value });
  }

  /** Drops all that was kept in the scope of this name. */
  forget(name: string): void {
    this.#entries.deleteWhere(({ scope }) => scope === name);
  }
}

/** Unforgeable: no scope and key give the text of two others. */
function keyIn(scope: string, key: string): string {
  return JSON.stringify([scope, key]);
}
