/** A map that drops what was set longest ago when it has more than `maxEntries`. */
export class BoundedMap<Key, Value> {
  readonly #entries = new Map<Key, Value>();

  constructor(
    private readonly maxEntries: number,
    /** Told of each value that is not kept any more, unless another one takes its place. Default: nobody is. */
    private readonly onDropped: (value: Value) => void = () => {},
  ) {}

  get(key: Key): Value | undefined {
    return this.#entries.get(key);
  }

  set(key: Key, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.maxEntries) this.dropOldest();
  }

  delete(key: Key): void {
    const value = this.#entries.get(key);
    if (this.#entries.delete(key) && value !== undefined) this.onDropped(value);
  }

  deleteWhere(isMeant: (key: Key, value: Value) => boolean): void {
    for (const [key, value] of this.#entries) if (isMeant(key, value)) this.delete(key);
  }

  /** Drops what was set longest ago; false where there is nothing. */
  dropOldest(): boolean {
    for (const key of this.#entries.keys()) {
      this.delete(key);
      return true;
    }
    return false;
  }
}
