/**
 * Characters as ascending intervals `[low, high, low, high, …]`, both ends included. Only the basic plane
 * without surrogates: there the counts and patterns of JSON Schema and JavaScript agree.
 */
export type CharacterSet = readonly number[];

/** Every character that a pattern can match here. */
export const allCharacters: CharacterSet = [0, 0xd7ff, 0xe000, 0xffff];

/** The set of these intervals, in any order. */
export function characterSet(...intervals: readonly (readonly [number, number])[]): CharacterSet {
  const sorted = intervals
    .filter(([low, high]) => low <= high)
    .sort(([one], [other]) => one - other);
  const set: number[] = [];
  for (const [low, high] of sorted) {
    const last = set.length - 1;
    if (last > 0 && low <= (set[last] as number) + 1) {
      set[last] = Math.max(set[last] as number, high);
    } else set.push(low, high);
  }
  return intersection(set, allCharacters);
}

export function union(sets: readonly CharacterSet[]): CharacterSet {
  return characterSet(...sets.flatMap(intervalsOf));
}

export function complement(set: CharacterSet): CharacterSet {
  const gaps: [number, number][] = [];
  let next = 0;
  for (const [low, high] of intervalsOf(set)) {
    gaps.push([next, low - 1]);
    next = high + 1;
  }
  gaps.push([next, 0xffff]);
  return characterSet(...gaps);
}

/** The characters for which `holds`. */
export function charactersWhere(holds: (character: string) => boolean): CharacterSet {
  const found: [number, number][] = [];
  for (const [low, high] of intervalsOf(allCharacters)) {
    for (let code = low; code <= high; code += 1) {
      if (holds(String.fromCharCode(code))) found.push([code, code]);
    }
  }
  return characterSet(...found);
}

export function intervalsOf(set: CharacterSet): [number, number][] {
  return Array.from({ length: set.length / 2 }, (_, index) => [
    set[2 * index] as number,
    set[2 * index + 1] as number,
  ]);
}

function intersection(one: CharacterSet, other: CharacterSet): CharacterSet {
  const both: number[] = [];
  for (let i = 0, j = 0; i < one.length && j < other.length; ) {
    const low = Math.max(one[i] as number, other[j] as number);
    const high = Math.min(one[i + 1] as number, other[j + 1] as number);
    if (low <= high) both.push(low, high);
    if ((one[i + 1] as number) < (other[j + 1] as number)) i += 2;
    else j += 2;
  }
  return both;
}

/** Splits all characters into classes whose members are in the same ones of some sets. */
export class CharacterClasses {
  /** First characters of the segments, ascending. */
  readonly starts: readonly number[];
  /** Class of each segment; −1 of characters that are never matched. */
  readonly classes: readonly number[];
  readonly count: number;
  readonly #membersBySet = new Map<CharacterSet, Uint8Array>();

  constructor(sets: readonly CharacterSet[]) {
    const distinct = [...new Set([allCharacters, ...sets])];
    const bounds = distinct.flatMap((set) => set.map((bound, index) => bound + (index % 2)));
    const starts = [...new Set([0, ...bounds])]
      .filter((start) => start <= 0xffff)
      .sort((a, b) => a - b);
    const places = distinct.map(() => 0);
    const numbers = new Map<string, number>();
    const inside: boolean[][] = [];
    this.starts = starts;
    this.classes = starts.map((start) => {
      const isIn = distinct.map((set, index) => {
        while ((set[2 * (places[index] as number) + 1] ?? 0x10000) < start) {
          places[index] = (places[index] as number) + 1;
        }
        return (set[2 * (places[index] as number)] ?? 0x10000) <= start;
      });
      if (!isIn[0]) return -1;
      const key = isIn.map(Number).join('');
      const known = numbers.get(key);
      if (known !== undefined) return known;
      numbers.set(key, inside.length);
      return inside.push(isIn) - 1;
    });
    this.count = inside.length;
    for (const [index, set] of distinct.entries()) {
      this.#membersBySet.set(
        set,
        Uint8Array.from(inside, (isIn) => Number(isIn[index])),
      );
    }
  }

  /** For each class whether it is in one of the sets that the classes were made of. */
  membersOf(set: CharacterSet): Uint8Array {
    return this.#membersBySet.get(set) ?? new Uint8Array(this.count);
  }
}
