/** A queue with one reader, which ends or fails after what was pushed before. */
export class EventQueue<T> implements AsyncIterable<T> {
  readonly #items: T[] = [];
  #end: { error?: unknown } | undefined;
  #wake: (() => void) | undefined;

  /** Whether nothing more is taken. */
  get isEnded(): boolean {
    return this.#end !== undefined;
  }

  push(item: T): void {
    if (this.#end !== undefined) return;
    this.#items.push(item);
    this.#wake?.();
  }

  /** The reader gets what is there, and then the end. */
  end(): void {
    this.#end ??= {};
    this.#wake?.();
  }

  /** The reader gets what is there, and then the error. */
  fail(error: unknown): void {
    this.#end ??= { error };
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    while (true) {
      const items = this.#items.splice(0);
      if (items.length > 0) yield* items;
      else if (this.#end !== undefined) {
        if ('error' in this.#end) throw this.#end.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
