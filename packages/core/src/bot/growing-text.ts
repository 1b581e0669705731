/** Shorter texts are shown at each step. */
const longLength = 8192;
/** Showing a long text takes at most this share of the time. */
const maxShare = 0.1;

/**
 * Shows a text that grows. Each step costs time in proportion to the whole text, so that a long one is not
 * shown at every step; what was left out is shown a little later. @internal
 */
export class GrowingText {
  readonly #show: (text: string) => void;
  #latest: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Before this time a long text is not shown again. */
  #restsUntil = 0;

  constructor(show: (text: string) => void) {
    this.#show = show;
  }

  /** The text as it is now. */
  set(text: string): void {
    this.#latest = text;
    const restMs = this.#restsUntil - performance.now();
    if (text.length < longLength || restMs <= 0) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), restMs);
  }

  /** Shows what was not shown yet. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#latest;
    if (text === undefined) return;
    this.#latest = undefined;
    const startedAt = performance.now();
    this.#show(text);
    const endedAt = performance.now();
    this.#restsUntil = endedAt + (endedAt - startedAt) * (1 / maxShare - 1);
  }
}
