/**
 * How long something is good for, from now on. The clock of the machine may be set back, and the one that runs from its
 * start stands still while it sleeps; the one that is further counts.
 */
export class Lifetime {
  readonly #beganMs = { wall: Date.now(), steady: performance.now() };

  constructor(private readonly lifeMs: number) {}

  /** How long it is there already. */
  get ageMs(): number {
    const { wall, steady } = this.#beganMs;
    return Math.max(Date.now() - wall, performance.now() - steady);
  }

  /** Whether it is good no more. */
  get isOver(): boolean {
    return this.ageMs >= this.lifeMs;
  }
}
