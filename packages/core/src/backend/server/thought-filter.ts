/** The marks that models write their thoughts between, where a server does not take them out. */
const marks: readonly (readonly [opening: string, closing: string])[] = [
  ['<think>', '</think>'],
  ['<thinking>', '</thinking>'],
  ['<thought>', '</thought>'],
  ['<seed:think>', '</seed:think>'],
  ['[THINK]', '[/THINK]'],
  ['◁think▷', '◁/think▷'],
];

/** Takes the thoughts away that an answer begins with. Marks further down are part of the answer. @internal */
export class ThoughtFilter {
  /** `start`: an opening mark may come; `trim`: blanks behind the thoughts are dropped. */
  #state: 'start' | 'thinking' | 'trim' | 'answer' = 'start';
  #held = '';
  #closing = '';

  /** Takes more text, and gives what is part of the answer. */
  push(text: string): string {
    if (this.#state === 'answer') return text;
    this.#held += text;
    if (this.#state === 'start') this.#lookForOpening();
    if (this.#state === 'thinking') this.#lookForClosing();
    if (this.#state === 'trim') {
      this.#held = this.#held.trimStart();
      if (this.#held !== '') this.#state = 'answer';
    }
    return this.#state === 'answer' ? this.end() : '';
  }

  /** What was held back, once no more text comes. Thoughts that never end are no answer. */
  end(): string {
    const held = this.#state === 'thinking' ? '' : this.#held;
    this.#held = '';
    return held;
  }

  #lookForOpening(): void {
    const beginning = this.#held.trimStart();
    const found = marks.find(([opening]) => beginning.startsWith(opening));
    if (found !== undefined) {
      const [opening, closing] = found;
      this.#held = beginning.slice(opening.length);
      this.#closing = closing;
      this.#state = 'thinking';
    } else if (!marks.some(([opening]) => opening.startsWith(beginning))) this.#state = 'answer';
  }

  #lookForClosing(): void {
    const at = this.#held.indexOf(this.#closing);
    if (at >= 0) this.#state = 'trim';
    // The rest may be the beginning of the mark.
    this.#held = this.#held.slice(at >= 0 ? at + this.#closing.length : 1 - this.#closing.length);
  }
}
