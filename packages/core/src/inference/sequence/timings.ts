import type { Timings } from '../../generation/generation-event.js';

/** Measures the parts of one answer, from when it is asked for. */
export class Stopwatch {
  readonly #askedAt = performance.now();
  #startedAt = Number.NaN;
  #firstTokenAt = Number.NaN;
  /** Time in the vision encoder, in milliseconds. */
  encodeMs = 0;

  /** Its turn has come. */
  start(): void {
    if (Number.isNaN(this.#startedAt)) this.#startedAt = performance.now();
  }

  /** Its first token is there. */
  firstToken(): void {
    this.#firstTokenAt = performance.now();
  }

  /** The times of an answer of so many tokens that ends now. */
  timings(answerTokens: number): Timings {
    const endedAt = performance.now();
    const startedAt = Number.isNaN(this.#startedAt) ? endedAt : this.#startedAt;
    const firstTokenAt = Number.isNaN(this.#firstTokenAt) ? endedAt : this.#firstTokenAt;
    const decodeMs = endedAt - firstTokenAt;
    return {
      queueMs: startedAt - this.#askedAt,
      preprocessMs: 0,
      encodeMs: this.encodeMs,
      timeToFirstTokenMs: firstTokenAt - startedAt,
      totalMs: endedAt - startedAt,
      tokensPerSecond:
        answerTokens > 1 && decodeMs > 0 ? ((answerTokens - 1) * 1000) / decodeMs : 0,
    };
  }
}
