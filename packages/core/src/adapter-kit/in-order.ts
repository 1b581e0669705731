/** Does what belongs to one key in the order in which it was asked for, and different keys side by side. */
export class InOrder {
  readonly #tails = new Map<string, Promise<void>>();

  /** `work` must not throw. */
  run(key: string, work: () => Promise<void>): void {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const tail = before.then(work).finally(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    });
    this.#tails.set(key, tail);
  }

  /** As {@link InOrder.run}, of work that may throw: gives, or throws, what it does. */
  result<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.run(key, () => work().then(resolve, reject));
    return promise;
  }

  /** Resolves when what was asked for until now under a key is done; undefined where nothing is. */
  underWay(key: string): Promise<void> | undefined {
    return this.#tails.get(key);
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#tails.size > 0) await Promise.all(this.#tails.values());
  }
}
