import { type REST, RequestMethod, type RouteLike } from 'discord.js';
import { platformError } from './discord-errors.js';

/** One call. */
export interface DiscordCall {
  method: keyof typeof RequestMethod;
  route: RouteLike;
  body?: unknown;
  query?: Record<string, string>;
  signal?: AbortSignal;
  /** Whether the bot's token is sent. Default true; interactions have tokens of their own in the address. */
  auth?: boolean;
}

/** What Discord answered. */
export interface DiscordAnswer {
  /** Undefined where there is no body. */
  json: unknown;
  /** How long to wait so that what is left of the route's rate is used evenly. */
  paceMs: number;
}

/** The bot's calls to Discord, in the queues of discord.js, which keep to the limits that Discord tells. */
export class DiscordApi {
  constructor(private readonly rest: REST) {}

  /** Throws `platform.gone`, `platform.failed`, and the reason of the signal. */
  async call({ method, route, query, ...options }: DiscordCall): Promise<DiscordAnswer> {
    options.signal?.throwIfAborted();
    try {
      const queued = this.rest.queueRequest({
        method: RequestMethod[method],
        fullRoute: route,
        ...options,
        ...(query !== undefined && { query: new URLSearchParams(query) }),
      });
      const response = await untilAborted(queued, options.signal);
      const text = response.status === 204 ? '' : await response.text();
      return {
        json: text === '' ? undefined : JSON.parse(text),
        paceMs: paceMsOf(response.headers),
      };
    } catch (error) {
      options.signal?.throwIfAborted();
      throw platformError(error);
    }
  }
}

/** In its queues discord.js does not look at the signal. What is sent all the same has its nonce. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** The longest that a route is kept waiting for the sake of evenness. */
const longestPaceMs = 2000;

function paceMsOf(headers: { get(name: string): string | null }): number {
  const remaining = Number(headers.get('x-ratelimit-remaining') ?? Number.NaN);
  const resetAfterMs = Number(headers.get('x-ratelimit-reset-after') ?? Number.NaN) * 1000;
  const paceMs = resetAfterMs / (remaining + 1);
  return Number.isFinite(paceMs) ? Math.min(Math.max(0, paceMs), longestPaceMs) : 0;
}
