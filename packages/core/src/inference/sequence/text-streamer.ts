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

  #emit(decoded: string, last: boolean): string {
    const settled = last ? decoded : withoutBrokenEnd(decoded);
    const stopAt = this.#firstStop(settled);
    if (stopAt !== -1) {
      this.#stopped = true;
      return this.#send(settled.slice(0, stopAt));
    }
    return this.#send(last ? settled : settled.slice(0, settled.length - this.#begun(settled)));
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

  /** Length of the end of `text` that may be the beginning of a stop string. */
  #begun(text: string): number {
    return Math.max(0, ...this.#stopStrings.map((stop) => longestBeginning(text, stop)));
  }
}

/** Replacement characters at the end may become a whole character with the next token. */
function withoutBrokenEnd(text: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === '\uFFFD') end -= 1;
  return text.slice(0, end);
}

/** Length of the longest end of `text` that is a beginning of `stop`. */
function longestBeginning(text: string, stop: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length -= 1) {
    if (text.endsWith(stop.slice(0, length))) return length;
  }
  return 0;
}
