/** How long the same sentence is not told again. */
const quietMs = 60_000;

/** Tells an operator each sentence at most once a minute. */
export class QuietNotices {
  readonly #toldAtMs = new Map<string, number>();

  constructor(private readonly notify: (sentence: string) => void) {}

  /** Of few different sentences: all are remembered. */
  readonly tell = (sentence: string): void => {
    const nowMs = performance.now();
    if (nowMs - (this.#toldAtMs.get(sentence) ?? Number.NEGATIVE_INFINITY) < quietMs) return;
    this.#toldAtMs.set(sentence, nowMs);
    this.notify(sentence);
  };
}
