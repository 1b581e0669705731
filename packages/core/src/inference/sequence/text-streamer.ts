import type { Tokenizer } from '../tokenize/tokenizer.js';

/** Tokens that may wait for the rest of their character before {@link TextStreamer} looks for a place to cut. */
const maxOpenTokens = 32;
/** Tokens of one character: no more than it has bytes. */
const maxCharacterTokens = 4;

/**
 * Turns tokens into text as they come, in time that grows with their number. Blanks before the first word
 * are left out: they belong to the template, not to the answer. Text is held back while its last
 * character is not whole, or while it may be the beginning of a stop string.
 */
export class TextStreamer {
  readonly #tokenizer: Tokenizer;
  readonly #stopStrings: readonly string[];
  /** The last tokens whose text is settled, as context, and behind them the open ones. */
  #window: number[] = [];
  /** Tokens of the window whose text is settled. */
  #settled = 0;
  #sent = '';
  /** Settled text that may be the beginning of a stop string. */
  #held = '';
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
    if (this.#stopped) return '';
    this.#window.push(tokenId);
    return this.#emit(this.#settle());
  }

  /** Returns what was held back. */
  finish(): string {
    if (this.#stopped) return '';
    const shown = this.#emit(this.#openText());
    const rest = this.#stopped ? '' : this.#held;
    this.#held = '';
    this.#sent += rest;
    return shown + rest;
  }

  /** Text that no later token changes; its tokens become the context of what follows. */
  #settle(): string {
    const begin = this.#settled;
    const end = this.#settledEnd();
    const text = this.#openText(end);
    if (text === '') {
      // Special tokens, which leave no text.
      this.#window.splice(begin, end - begin);
      return '';
    }
    this.#window = this.#window.slice(begin);
    this.#settled = end - begin;
    return text;
  }

  /** Up to which token of the window the text is settled. */
  #settledEnd(): number {
    const { length } = this.#window;
    const text = this.#openText();
    if (!text.endsWith('\uFFFD')) return length;
    if (length - this.#settled <= maxOpenTokens) return this.#settled;
    // Bytes that are no character: a cut that changes nothing is between characters.
    for (let end = length - 1; end >= length - maxCharacterTokens; end -= 1) {
      const after = this.#tokenizer.decode(this.#window.slice(end));
      if (this.#openText(end) + after === text) return end;
    }
    return this.#settled;
  }

  /** Text of the open tokens up to `end`. Decoders treat the beginning of a text otherwise, hence the context. */
  #openText(end = this.#window.length): string {
    const before = this.#tokenizer.decode(this.#window.slice(0, this.#settled));
    return this.#tokenizer.decode(this.#window.slice(0, end)).slice(before.length);
  }

  #emit(settled: string): string {
    const isFirst = this.#sent === '' && this.#held === '';
    const text = this.#held + (isFirst ? settled.trimStart() : settled);
    const stopAt = this.#firstStop(text);
    this.#stopped = stopAt !== -1;
    const shownLength = this.#stopped ? stopAt : text.length - this.#begun(text);
    this.#held = this.#stopped ? '' : text.slice(shownLength);
    const shown = text.slice(0, shownLength);
    this.#sent += shown;
    return shown;
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

/** Length of the longest end of `text` that is a beginning of `stop`. */
function longestBeginning(text: string, stop: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length -= 1) {
    if (text.endsWith(stop.slice(0, length))) return length;
  }
  return 0;
}
