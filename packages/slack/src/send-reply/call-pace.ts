import { BoundedMap, pause } from '@vistazo/core/adapter-kit';

/** How many calls may come: at once, and in a minute in the long run. */
export interface CallRate {
  burst: number;
  perMinute: number;
}

interface Turns {
  /** When the next turn would be if calls came evenly; up to a burst of them may come sooner. */
  evenlyAtMs: number;
  /** Slack asked to wait until then. */
  blockedUntilMs: number;
}

const maxKeys = 10_000;

/**
 * Spreads calls over the rate that Slack allows, so that answers that grow side by side slow down together instead of
 * being refused. See https://docs.slack.dev/apis/web-api/rate-limits.
 */
export class CallPace {
  readonly #turns = new BoundedMap<string, Turns>(maxKeys);

  /**
   * Resolves when it is the turn of a call of what `key` names. Who waits longest comes first. `turnAtMs`: a turn that
   * was taken before.
   */
  async wait(key: string, rate: CallRate, signal: AbortSignal, turnAtMs?: number): Promise<void> {
    const turns = this.#of(key);
    let atMs = turnAtMs ?? take(turns, rate);
    for (;;) {
      const knownMs = turns.blockedUntilMs;
      await pause(atMs - performance.now(), signal);
      // Slack may have asked to wait meanwhile.
      if (turns.blockedUntilMs <= knownMs) return;
      atMs = take(turns, rate);
    }
  }

  /** Takes a turn for a call that is made later, and gives when it may be, by `performance.now()`. */
  take(key: string, rate: CallRate): number {
    return take(this.#of(key), rate);
  }

  /** Whether a call would not have to wait, and left `kept` others that would not either. Default 0. */
  hasRoom(key: string, rate: CallRate, kept = 0): boolean {
    const nowMs = performance.now();
    const { evenlyAtMs, blockedUntilMs } = this.#of(key);
    const soonestMs = evenlyAtMs - (rate.burst - 1 - kept) * perCallMs(rate);
    return blockedUntilMs <= nowMs && soonestMs <= nowMs;
  }

  /** Slack refused a call, and asks to wait; what comes after that comes evenly. */
  refused(key: string, rate: CallRate, retryAfterMs: number): void {
    const turns = this.#of(key);
    turns.blockedUntilMs = Math.max(turns.blockedUntilMs, performance.now() + retryAfterMs);
    turns.evenlyAtMs = turns.blockedUntilMs + (rate.burst - 1) * perCallMs(rate);
  }

  #of(key: string): Turns {
    const known = this.#turns.get(key) ?? { evenlyAtMs: 0, blockedUntilMs: 0 };
    this.#turns.set(key, known);
    return known;
  }
}

/** Takes the next turn, and gives when it is. */
function take(turns: Turns, rate: CallRate): number {
  const nowMs = performance.now();
  const soonestMs = turns.evenlyAtMs - (rate.burst - 1) * perCallMs(rate);
  turns.evenlyAtMs = Math.max(nowMs, turns.evenlyAtMs) + perCallMs(rate);
  return soonestMs;
}

function perCallMs({ perMinute }: CallRate): number {
  return 60_000 / perMinute;
}
