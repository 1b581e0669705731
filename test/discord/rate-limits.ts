import type { FrontAnswer, FrontCall } from './twin-front.ts';

/** What of a call decides which limit it counts for. */
type Counted = Pick<FrontCall, 'method' | 'path'>;

/** What a rate says about one call. */
export interface RateVerdict {
  /** Of the answer, whatever it is. */
  headers: Record<string, string>;
  /** The answer in place of the one that was asked for, when there were too many calls. */
  refusal?: FrontAnswer;
}

const perRoute = { calls: 5, windowMs: 5000 };
const overall = { calls: 50, windowMs: 1000 };

interface Window {
  endsAtMs: number;
  calls: number;
}

/**
 * Rates like Discord's, with its headers and its 429: 5 calls in 5 s for each route of each channel, and 50 in
 * a second for the bot, in which answers to interactions do not count. Discord documents the form and that the
 * numbers may change at any time; it is no Discord.
 */
export class RateLimits {
  readonly #routes = new Map<string, Window>();
  #overall: Window = { endsAtMs: 0, calls: 0 };
  /** Calls that were refused. */
  refused = 0;

  take(call: Counted): RateVerdict {
    const nowMs = Date.now();
    const isInteraction = /^\/(interactions|webhooks)\//.test(call.path);
    if (!isInteraction) {
      this.#overall = current(this.#overall, overall.windowMs, nowMs);
      if (this.#overall.calls >= overall.calls) return this.#refuse(this.#overall, nowMs, {}, true);
      this.#overall.calls += 1;
    }
    const route = routeOf(call);
    const window = current(this.#routes.get(route), perRoute.windowMs, nowMs);
    this.#routes.set(route, window);
    const isOver = window.calls >= perRoute.calls;
    if (!isOver) window.calls += 1;
    const headers = {
      'x-ratelimit-limit': String(perRoute.calls),
      'x-ratelimit-remaining': String(perRoute.calls - window.calls),
      'x-ratelimit-reset': (window.endsAtMs / 1000).toFixed(3),
      'x-ratelimit-reset-after': ((window.endsAtMs - nowMs) / 1000).toFixed(3),
      'x-ratelimit-bucket': Buffer.from(bucketOf(call)).toString('hex').slice(0, 32),
    };
    return isOver ? this.#refuse(window, nowMs, headers, false) : { headers };
  }

  #refuse(
    { endsAtMs }: Window,
    nowMs: number,
    headers: Record<string, string>,
    isGlobal: boolean,
  ): RateVerdict {
    this.refused += 1;
    const retryAfter = (endsAtMs - nowMs) / 1000;
    return {
      headers,
      refusal: {
        status: 429,
        headers: {
          ...headers,
          'retry-after': String(Math.ceil(retryAfter)),
          'x-ratelimit-scope': isGlobal ? 'global' : 'user',
          ...(isGlobal && { 'x-ratelimit-global': 'true' }),
        },
        body: {
          message: 'You are being rate limited.',
          retry_after: retryAfter,
          global: isGlobal,
        },
      },
    };
  }
}

function current(window: Window | undefined, windowMs: number, nowMs: number): Window {
  return window === undefined || window.endsAtMs <= nowMs
    ? { endsAtMs: nowMs + windowMs, calls: 0 }
    : window;
}

/** A route is told apart by its channel, server or webhook; all messages of a channel are one. */
function routeOf({ method, path }: Counted): string {
  const [plain = ''] = path.split('?');
  return `${method} ${plain.replace(/^(\/\w+\/[^/]+\/.*?)\/\d+(?=\/|$)/, '$1/:id')}`;
}

/** The same for all channels, as Discord's are. */
function bucketOf(call: Counted): string {
  return routeOf(call).replace(/\/\d+/g, '/:id');
}
