import type { Clock } from '../plugin/clock.js';

interface Timer {
  atMs: number;
  act: () => void | Promise<void>;
}

/** A clock that stands still until a test moves it. */
export class TestClock implements Clock {
  #nowMs: number;
  #timers: Timer[] = [];

  /** Begins at this time, by default 2026-01-01 00:00 UTC. */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, act: () => void | Promise<void>): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), act };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  /** Lets time pass; resolves when all that came due is done, in the order of its times. */
  async advance(durationMs: number): Promise<void> {
    const endMs = this.#nowMs + durationMs;
    for (;;) {
      const due = this.#timers.filter(({ atMs }) => atMs <= endMs);
      const next = due.toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((each) => each !== next);
      this.#nowMs = next.atMs;
      await next.act();
    }
    this.#nowMs = endMs;
  }
}
