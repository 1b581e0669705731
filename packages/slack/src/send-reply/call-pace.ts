import { BoundedMap, pause } from '@vistazo/core/adapter-kit';

/** How many calls may come: at once, and in a minute in the long run. */
export interface CallRate {
  burst: number;
  perMinute: number;
}

interface Bucket {
  calls: number;
  atMs: number;
  /** Slack asked to wait until then. */
  blockedUntilMs: number;
}

const maxBuckets = 10_000;

/**
 * Spreads calls over the rate that Slack allows, so that answers that grow side by side slow down together instead of
 * being refused. See https://docs.slack.dev/apis/web-api/rate-limits.
 */
export class CallPace {
  readonly #buckets = new BoundedMap<string, Bucket>(maxBuckets);

  /** Resolves when it is the turn of a call of what `key` names. */
  async wait(key: string, rate: CallRate, signal: AbortSignal): Promise<void> {
    const nowMs = performance.now();
    const bucket = this.#of(key, rate, nowMs);
    const perCallMs = 60_000 / rate.perMinute;
    bucket.calls = Math.min(rate.burst, bucket.calls + (nowMs - bucket.atMs) / perCallMs) - 1;
    bucket.atMs = nowMs;
    const dueMs = bucket.calls < 0 ? -bucket.calls * perCallMs : 0;
    await pause(Math.max(dueMs, bucket.blockedUntilMs - nowMs), signal);
  }

  /** Whether the next call would not have to wait. */
  isFree(key: string, rate: CallRate): boolean {
    const nowMs = performance.now();
    const { calls, atMs, blockedUntilMs } = this.#of(key, rate, nowMs);
    const left = calls + ((nowMs - atMs) * rate.perMinute) / 60_000;
    return blockedUntilMs <= nowMs && left >= 1;
  }

  /** Slack refused a call, and asks to wait. */
  refused(key: string, rate: CallRate, retryAfterMs: number): void {
    const nowMs = performance.now();
    const bucket = this.#of(key, rate, nowMs);
    bucket.blockedUntilMs = Math.max(bucket.blockedUntilMs, nowMs + retryAfterMs);
    bucket.calls = Math.min(bucket.calls, 0);
  }

  #of(key: string, { burst }: CallRate, nowMs: number): Bucket {
    const known = this.#buckets.get(key);
    if (known !== undefined) return known;
    const bucket = { calls: burst, atMs: nowMs, blockedUntilMs: 0 };
    this.#buckets.set(key, bucket);
    return bucket;
  }
}
