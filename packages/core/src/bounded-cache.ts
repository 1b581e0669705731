/** The values used last, up to `maxSize` in all, as `sizeOf` measures; the longest unused go first. */
export class BoundedCache<T> {
  readonly #maxSize: number;
  readonly #sizeOf: (value: T) => number;
  readonly #entries = new Map<string, T>();
  #size = 0;

  constructor(maxSize: number, sizeOf: (value: T) => number) {
    this.#maxSize = maxSize;
    this.#sizeOf = sizeOf;
  }

  get(key: string): T | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  /** Keeps `value`, unless it alone is larger than the cache. */
  set(key: string, value: T): void {
    this.delete(key);
    this.#entries.set(key, value);
    this.#size += this.#sizeOf(value);
    for (const oldest of this.#entries.keys()) {
      if (this.#size <= this.#maxSize) break;
      this.delete(oldest);
    }
  }

  /** Drops the values that are meant. */
  deleteWhere(isMeant: (value: T) => boolean): void {
    for (const [key, value] of this.#entries) if (isMeant(value)) this.delete(key);
  }

  /** Drops a value, if there is one. */
  delete(key: string): void {
    const value = this.#entries.get(key);
    if (value === undefined) return;
    this.#size -= this.#sizeOf(value);
    this.#entries.delete(key);
  }
}
