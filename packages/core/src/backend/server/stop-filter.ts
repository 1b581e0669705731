/**
 * Ends a text before the first of some strings, as servers do that are told of them; others do not know them, or
 * take only a few. Text is held back while it may be the beginning of one. @internal
 */
export class StopFilter {
  readonly #stopStrings: readonly string[];
  #held = '';
  /** Whether one has come; nothing is let through after it. */
  hasStopped = false;

  constructor(stopStrings: readonly string[]) {
    this.#stopStrings = stopStrings;
  }

  /** Takes more text, and gives what can be shown. */
  push(text: string): string {
    if (this.hasStopped) return '';
    const whole = this.#held + text;
    const found = this.#stopStrings.map((stop) => whole.indexOf(stop)).filter((at) => at >= 0);
    if (found.length > 0) {
      this.hasStopped = true;
      this.#held = '';
      return whole.slice(0, Math.min(...found));
    }
    const heldLength = this.#heldLength(whole);
    this.#held = heldLength === 0 ? '' : whole.slice(-heldLength);
    return whole.slice(0, whole.length - heldLength);
  }

  /** What was held back, once no more text comes. */
  end(): string {
    const held = this.#held;
    this.#held = '';
    return held;
  }

  /** Of the longest end of the text with which one of the strings begins. */
  #heldLength(text: string): number {
    const longest = Math.max(0, ...this.#stopStrings.map(({ length }) => length - 1));
    for (let length = Math.min(longest, text.length); length > 0; length -= 1) {
      const end = text.slice(-length);
      if (this.#stopStrings.some((stop) => stop.startsWith(end))) return length;
    }
    return 0;
  }
}
