/** No state: the text cannot go on so. */
export const dead = -1;

/** Deterministic states over bytes, numbered as they are met. */
export interface Language {
  readonly start: number;
  /** The state after one more byte, or {@link dead}. */
  next(state: number, byte: number): number;
  /** The fewest bytes to the end of a text; infinite when no text goes on so. */
  bytesToEnd(state: number): number;
  /** Whether a text may go on here. */
  canGoOn(state: number): boolean;
}

/** A language for a vocabulary in which these bytes are tokens by themselves. */
export type LanguageOpener = (usable: ReadonlySet<number>) => Language;

/** Numbers for states that are described by keys. */
export class StateNumbers<State> {
  readonly states: State[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(key: string, make: () => State): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.states.push(make()) - 1;
    this.#numbers.set(key, number);
    return number;
  }

  state(number: number): State {
    const state = this.states[number];
    if (state === undefined) throw new RangeError(`The language has no state ${number}.`);
    return state;
  }
}
