/**
 * Events that are kept from the first on, so that a reader who comes late gets them all. Reading
 * ends, or throws, when the log does. @internal
 */
export class EventLog<Event> implements AsyncIterable<Event> {
  readonly #events: Event[] = [];
  #ended: { error?: unknown } | undefined;
  #changed = Promise.withResolvers<void>();

  push(event: Event): void {
    this.#events.push(event);
    this.#wake();
  }

  end(): void {
    this.#ended ??= {};
    this.#wake();
  }

  fail(error: unknown): void {
    this.#ended ??= { error };
    this.#wake();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Event, void, undefined> {
    for (let index = 0; ; ) {
      const event = this.#events[index];
      if (event !== undefined) {
        index += 1;
        yield event;
      } else if (this.#ended !== undefined) {
        if ('error' in this.#ended) throw this.#ended.error;
        return;
      } else {
        await this.#changed.promise;
      }
    }
  }
}
