import { BoundedMap } from './bounded-map.js';

const maxKeys = 10_000;

/** Lets the same thing be told once in a while, however often there is cause to tell it. */
export class Seldom {
  readonly #toldAtMs = new BoundedMap<string, number>(maxKeys);

  /** `silenceMs` is how long it is not told again; infinite for once only. */
  constructor(private readonly silenceMs: number) {}

  /** Whether what `key` names is to be told now; then it counts as told. */
  isDue(key: string): boolean {
    const nowMs = performance.now();
    const toldAtMs = this.#toldAtMs.get(key);
    if (toldAtMs !== undefined && nowMs - toldAtMs < this.silenceMs) return false;
    this.#toldAtMs.set(key, nowMs);
    return true;
  }
}
