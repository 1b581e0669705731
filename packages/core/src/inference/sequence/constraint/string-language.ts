import { dead, type Language, StateNumbers } from './language.js';
import type { CharacterAutomaton } from './regex/character-automaton.js';

/** Which texts a JSON string may hold. */
export interface StringForm {
  characters: CharacterAutomaton;
  /** Fewest and most characters; the most may be infinite. */
  min: number;
  max: number;
  /** Whether characters beyond the basic plane are allowed, each counted as one. */
  allowsAstral: boolean;
}

/** Where the text goes on after a character: a state of the automaton, and characters so far. */
interface Place {
  state: number;
  count: number;
}

type State = { bytesToEnd: number } & (
  | { at: 'start' | 'end' }
  | { at: 'character' | 'escape'; place: Place }
  /** Inside a character, of which `left` digits are still to come; it is `low` or more. */
  | { at: 'inside'; place: Place; low: number; left: number; base: 16 | 64 }
  /** As `inside`, where any digits lead to the same place. */
  | { at: 'tail'; next: Place; left: number; base: 16 | 64 }
);

/** Entries of the table of distances; longer texts of a pattern are left out. */
const maxDistances = 1_000_000;
const maxCode = 0xffff;

const shortEscapes: ReadonlyMap<number, number> = new Map(
  Object.entries({
    '"': '"',
    '\\': '\\',
    '/': '/',
    b: '\b',
    f: '\f',
    n: '\n',
    r: '\r',
    t: '\t',
  }).map(([sign, character]) => [sign.charCodeAt(0), character.charCodeAt(0)]),
);
const codeOf = (character: string) => character.charCodeAt(0);
const quote = codeOf('"');
const backslash = codeOf('\\');
const hexDigits = '0123456789abcdefABCDEF';

/** JSON strings whose characters, decoded, are of a form: raw in UTF-8 or escaped. */
export class StringLanguage implements Language {
  readonly start: number;
  readonly #form: StringForm;
  readonly #numbers = new StateNumbers<State>();
  readonly #usable: ReadonlySet<number>;
  readonly #hasTails: boolean;
  readonly #hasHex: boolean;
  /** Fewest bytes of a character of each class. */
  readonly #costs: Float64Array;
  /** Characters past which they are not counted, or the most. */
  readonly #lastCount: number;
  /** `[counts, states]`: fewest bytes to the closing quote, which is not counted; of one state none. */
  readonly #distances: Float64Array | undefined;

  constructor(form: StringForm, usable: ReadonlySet<number>) {
    const stateCount = form.characters.accepts.length;
    const most = Math.floor(maxDistances / stateCount) - 1;
    const { nexts, accepts } = form.characters;
    const isSimple = stateCount === 1 && accepts[0] === 1 && nexts.every((next) => next === 0);
    this.#form = isSimple || form.max <= most ? form : { ...form, max: mostWithin(form, most) };
    this.#usable = usable;
    this.#hasTails = Array.from({ length: 0xf5 - 0x80 }, (_, index) => 0x80 + index).every(
      (byte) => byte === 0xc0 || byte === 0xc1 || usable.has(byte),
    );
    this.#hasHex = [...`\\u${hexDigits}`].every((digit) => usable.has(codeOf(digit)));
    this.#costs = this.#classCosts();
    const { min, max } = this.#form;
    this.#lastCount = Number.isFinite(max) ? max : min;
    this.#distances = isSimple ? undefined : this.#allDistances();
    this.start = this.#number('start', () => ({
      at: 'start',
      bytesToEnd: usable.has(quote) ? 1 + this.#placeDistance({ state: 0, count: 0 }) : Infinity,
    }));
  }

  next(state: number, byte: number): number {
    const from = this.#numbers.state(state);
    switch (from.at) {
      case 'start':
        return byte === quote ? this.#character({ state: 0, count: 0 }) : dead;
      case 'end':
        return dead;
      case 'character':
        return this.#afterByte(from.place, byte);
      case 'escape':
        return this.#afterEscape(from.place, byte);
      case 'inside':
      case 'tail': {
        const digit = digitOf(byte, from.base);
        if (digit === undefined) return dead;
        if (from.at === 'tail') return this.#tail(from.next, from.left - 1, from.base);
        const low = from.low + digit * from.base ** (from.left - 1);
        // Longer forms of a character than it needs are not allowed.
        const least = from.base === 16 || from.left === 1 ? 0 : from.left === 2 ? 0x800 : 0x10000;
        return low < least ? dead : this.#inside(from.place, low, from.left - 1, from.base);
      }
    }
  }

  bytesToEnd(state: number): number {
    return this.#numbers.state(state).bytesToEnd;
  }

  canGoOn(state: number): boolean {
    return this.#numbers.state(state).at !== 'end';
  }

  #afterByte(place: Place, byte: number): number {
    if (byte === quote) {
      return this.#mayEnd(place) ? this.#number('end', () => ({ at: 'end', bytesToEnd: 0 })) : dead;
    }
    if (byte === backslash) return this.#escape(place);
    if (byte < 0x20) return dead;
    if (byte < 0x80) return this.#afterCharacter(place, byte);
    if (!this.#hasTails) return dead;
    if (byte >= 0xc2 && byte < 0xe0) return this.#inside(place, (byte & 0x1f) << 6, 1, 64);
    if (byte >= 0xe0 && byte < 0xf0) return this.#inside(place, (byte & 0x0f) << 12, 2, 64);
    if (byte >= 0xf0 && byte < 0xf5) return this.#inside(place, (byte & 0x07) << 18, 3, 64);
    return dead;
  }

  #afterEscape(place: Place, byte: number): number {
    const character = shortEscapes.get(byte);
    if (character !== undefined) return this.#afterCharacter(place, character);
    return byte === codeOf('u') && this.#hasHex ? this.#inside(place, 0, 4, 16) : dead;
  }

  #afterCharacter(place: Place, code: number): number {
    const next = this.#placeAfter(place, this.#classOf(code));
    return next === undefined ? dead : this.#character(next);
  }

  #character(place: Place): number {
    const distance = this.#placeDistance(place);
    if (distance === Infinity) return dead;
    return this.#number(`c ${place.state} ${place.count}`, () => ({
      at: 'character',
      place,
      bytesToEnd: distance,
    }));
  }

  #escape(place: Place): number {
    const key = `e ${place.state} ${place.count}`;
    const short = [...shortEscapes].map(([byte, code]) =>
      this.#usable.has(byte) ? 1 + this.#distanceAfter(place, code, code) : Infinity,
    );
    const long = this.#hasHex ? 5 + this.#distanceAfter(place, 0, maxCode) : Infinity;
    const distance = Math.min(...short, long);
    if (distance === Infinity) return dead;
    return this.#number(key, () => ({ at: 'escape', place, bytesToEnd: distance }));
  }

  /** Within a character that is `low` or more, with `left` digits to come. */
  #inside(place: Place, low: number, left: number, base: 16 | 64): number {
    const high = low + base ** left - 1;
    if (left === 0) {
      if (low > maxCode) return this.#astral(place);
      return this.#afterCharacter(place, low);
    }
    if (low > maxCode || (base === 64 && left === 3)) return this.#insideAstral(place, low, left);
    const first = base === 64 && left === 2 ? Math.max(low, 0x800) : low;
    const isWhole = first === low && high <= maxCode;
    const classes = this.#classesWithin(first, Math.min(high, maxCode));
    const places = classes.map((byClass) => this.#placeAfter(place, byClass));
    const [next] = places;
    if (isWhole && next !== undefined && places.every((each) => each && isSame(each, next))) {
      return this.#tail(next, left, base);
    }
    const distance = left + Math.min(...places.map((each) => this.#placeDistance(each)));
    if (distance === Infinity) return dead;
    return this.#number(`i ${place.state} ${place.count} ${low} ${left} ${base}`, () => ({
      at: 'inside',
      place,
      low,
      left,
      base,
      bytesToEnd: distance,
    }));
  }

  #insideAstral(place: Place, low: number, left: number): number {
    const high = low + 64 ** left - 1;
    if (!this.#form.allowsAstral || high < 0x10000 || low > 0x10ffff) return dead;
    const next = this.#placeAfter(place, 0);
    if (next === undefined) return dead;
    if (low >= 0x10000 && high <= 0x10ffff) return this.#tail(next, left, 64);
    return this.#number(`i ${place.state} ${place.count} ${low} ${left} 64`, () => ({
      at: 'inside',
      place,
      low,
      left,
      base: 64,
      bytesToEnd: left + this.#placeDistance(next),
    }));
  }

  #astral(place: Place): number {
    const next = this.#placeAfter(place, 0);
    return next === undefined ? dead : this.#character(next);
  }

  #tail(next: Place, left: number, base: 16 | 64): number {
    if (left === 0) return this.#character(next);
    return this.#number(`t ${next.state} ${next.count} ${left} ${base}`, () => ({
      at: 'tail',
      next,
      left,
      base,
      bytesToEnd: left + this.#placeDistance(next),
    }));
  }

  #number(key: string, make: () => State): number {
    return this.#numbers.numberOf(key, make);
  }

  #mayEnd({ state, count }: Place): boolean {
    return this.#form.characters.accepts[state] === 1 && count >= this.#form.min;
  }

  #placeAfter({ state, count }: Place, byClass: number): Place | undefined {
    const { characters, max } = this.#form;
    if (byClass === -1 || count >= max) return undefined;
    const next = characters.nexts[state * characters.classes.count + byClass] ?? -1;
    if (next === -1) return undefined;
    const place = { state: next, count: Math.min(count + 1, this.#lastCount) };
    return this.#placeDistance(place) === Infinity ? undefined : place;
  }

  /** Fewest bytes to the end after one of the characters from `low` to `high`. */
  #distanceAfter(place: Place, low: number, high: number): number {
    return Math.min(
      ...this.#classesWithin(low, high).map((byClass) =>
        this.#placeDistance(this.#placeAfter(place, byClass)),
      ),
    );
  }

  #classOf(code: number): number {
    const { starts, classes } = this.#form.characters.classes;
    return classes[segmentOf(starts, code)] ?? -1;
  }

  #classesWithin(low: number, high: number): number[] {
    const { starts, classes } = this.#form.characters.classes;
    const found = new Set<number>();
    for (let at = segmentOf(starts, low); at < starts.length; at += 1) {
      if ((starts[at] as number) > high) break;
      found.add(classes[at] as number);
    }
    return [...found];
  }

  #classCosts(): Float64Array {
    const { starts, classes, count } = this.#form.characters.classes;
    const costs = new Float64Array(count).fill(Infinity);
    const lower = (byClass: number, cost: number) => {
      if (byClass !== -1) costs[byClass] = Math.min(costs[byClass] as number, cost);
    };
    for (let code = 0; code < 0x80; code += 1) lower(this.#classOf(code), this.#costOf(code));
    const [beyond, far] = this.#hasTails ? [2, 3] : this.#hasHex ? [6, 6] : [Infinity, Infinity];
    for (const [index, start] of starts.entries()) {
      const end = starts[index + 1] ?? maxCode + 1;
      if (end > 0x80 && start < 0x800) lower(classes[index] as number, beyond);
      if (end > 0x800) lower(classes[index] as number, far);
    }
    return costs;
  }

  #costOf(code: number): number {
    if (code >= 0x20 && code !== quote && code !== backslash && this.#usable.has(code)) return 1;
    const isShort = [...shortEscapes].some(
      ([byte, each]) => each === code && this.#usable.has(byte) && this.#usable.has(backslash),
    );
    if (isShort) return 2;
    return this.#hasHex ? 6 : Infinity;
  }

  /** Fewest bytes from a place through the closing quote. */
  #placeDistance(place: Place | undefined): number {
    if (place === undefined || !this.#usable.has(quote)) return Infinity;
    const { state, count } = place;
    if (this.#distances !== undefined) {
      const stateCount = this.#form.characters.accepts.length;
      return 1 + (this.#distances[count * stateCount + state] ?? Infinity);
    }
    const missing = Math.max(0, this.#form.min - count);
    return missing === 0 ? 1 : 1 + missing * Math.min(...this.#costs);
  }

  #allDistances(): Float64Array {
    const { accepts } = this.#form.characters;
    const distances = new Float64Array((this.#lastCount + 1) * accepts.length).fill(Infinity);
    const isEndless = !Number.isFinite(this.#form.max);
    for (let count = this.#lastCount; count >= 0; count -= 1) {
      const isLast = count === this.#lastCount;
      const after = isLast ? (isEndless ? count : undefined) : count + 1;
      // In a row that leads to itself, distances spread until none gets shorter.
      while (this.#shorten(distances, count, after) && after === count);
    }
    return distances;
  }

  /** One pass over a row of the table; whether anything got shorter. */
  #shorten(distances: Float64Array, count: number, after: number | undefined): boolean {
    const { characters, min } = this.#form;
    const { nexts, accepts } = characters;
    const width = characters.classes.count;
    let isShorter = false;
    for (let state = accepts.length - 1; state >= 0; state -= 1) {
      let best = accepts[state] === 1 && count >= min ? 0 : Infinity;
      for (let byClass = 0; after !== undefined && byClass < width; byClass += 1) {
        const next = nexts[state * width + byClass] as number;
        if (next === -1) continue;
        const distance = distances[after * accepts.length + next] as number;
        best = Math.min(best, (this.#costs[byClass] as number) + distance);
      }
      const place = count * accepts.length + state;
      if (best >= (distances[place] as number)) continue;
      distances[place] = best;
      isShorter = true;
    }
    return isShorter;
  }
}

function mostWithin({ min, max }: StringForm, most: number): number {
  if (Number.isFinite(max)) return most;
  // Without a most, only characters up to the least are counted.
  return min <= most ? max : most;
}

const isSame = (one: Place, other: Place): boolean =>
  one.state === other.state && one.count === other.count;

function digitOf(byte: number, base: 16 | 64): number | undefined {
  if (base === 64) return byte >= 0x80 && byte < 0xc0 ? byte - 0x80 : undefined;
  const digit = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(digit) ? undefined : digit;
}

/** Index of the segment that holds `code`. */
function segmentOf(starts: readonly number[], code: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] as number) <= code) low = middle;
    else high = middle - 1;
  }
  return low;
}
