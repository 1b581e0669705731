/** Numbers by chance that are the same for the same seed (Mulberry32). */
export class Random {
  #state: number;

  constructor(readonly seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to, not with, `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  chance(probability: number): boolean {
    return this.below(1_000_000) < probability * 1_000_000;
  }

  pick<T>(list: readonly T[]): T {
    const picked = list[this.below(list.length)];
    if (picked === undefined) throw new Error('There is nothing to pick from.');
    return picked;
  }
}

/** What can be done next, each as often as its weight says. */
export type Steps<Name extends string> = Record<
  Name,
  [weight: number, run: () => Promise<unknown>]
>;

/** The name of one of the steps, by chance. */
export function pickStep<Name extends string>(random: Random, steps: Steps<Name>): Name {
  const names = Object.keys(steps) as Name[];
  const total = names.reduce((sum, name) => sum + steps[name][0], 0);
  let left = random.below(total);
  for (const name of names) {
    left -= steps[name][0];
    if (left < 0) return name;
  }
  throw new Error('There is no step.');
}
