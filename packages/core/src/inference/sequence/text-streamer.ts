import type { Tokenizer } from '../tokenize/tokenizer.js';

/**
 * Turns tokens into text as they come. Blanks before the first word are left out: they belong to
 * the template, not to the answer. Text is held back while its last character is not whole,
 * or while it may be the beginning of a stop string.
 */
export class TextStreamer {
  readonly #tokenizer: Tokenizer;
  readonly #stopStrings: readonly string[];
  #tokens: number[] = [];
  #sent = '';
  #stopped = false;

  constructor(tokenizer: Tokenizer, stopStrings: readonly string[] = []) {
    this.#tokenizer = tokenizer;
    this.#stopStrings = stopStrings;
  }

  /** Whether a stop string has come; nothing is sent after it. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** All text sent so far. */
  get text(): string {
    return this.#sent;
  }

  /** Takes a token and returns the text that can be shown now. */
  push(tokenId: number): string {
    this.#tokens.push(tokenId);
    return this.#stopped ? '' : this.#emit(this.#decoded(), false);
  }

  /** Returns what was held back. */
  finish(): string {
    return this.#stopped ? '' : this.#emit(this.#decoded(), true);
  }

  #decoded(): string {
    return this.#tokenizer.decode(this.#tokens).trimStart();
  }

  #emit(whole: string, last: boolean): string {
    const stopAt = this.#firstStop(whole);
    if (stopAt !== -1) {
      this.#stopped = true;
      return this.#send(whole.slice(0, stopAt));
    }
    return this.#send(last ? whole : whole.slice(0, whole.length - this.#heldLength(whole)));
  }

  #send(text: string): string {
    const fresh = text.slice(this.#sent.length);
    this.#sent += fresh;
    return fresh;
  }

  #firstStop(text: string): number {
    const places = this.#stopStrings
      .map((stop) => text.indexOf(stop))
      .filter((place) => place !== -1);
    return places.length === 0 ? -1 : Math.min(...places);
  }

  #heldLength(text: string): number {
    const broken = text.length - text.replace(/\uFFFD+$/, '').length;
    const whole = text.slice(0, text.length - broken);
    const begun = this.#stopStrings.map((stop) => longestBeginning(whole, stop));
    return broken + Math.max(0, ...begun);
  }
}

/** Length of the longest end of `text` that is a beginning of `stop`. */
function longestBeginning(text: string, stop: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length -= 1) {
    if (text.endsWith(stop.slice(0, length))) return length;
  }
  return 0;
}
