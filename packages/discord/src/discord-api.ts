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

  /** Throws `platform.gone`, `DiscordFailure`, and the reason of the signal. */
  async call({ method, route, query, ...options }: DiscordCall): Promise<DiscordAnswer> {
    options.signal?.throwIfAborted();
    try {
      const response = await this.rest.queueRequest({
        method: RequestMethod[method],
        fullRoute: route,
        ...options,
        ...(query !== undefined && { query: new URLSearchParams(query) }),
      });
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

/** The longest that a route is kept waiting for the sake of evenness. */
const longestPaceMs = 2000;

function paceMsOf(headers: { get(name: string): string | null }): number {
  const remaining = Number(headers.get('x-ratelimit-remaining') ?? Number.NaN);
  const resetAfterMs = Number(headers.get('x-ratelimit-reset-after') ?? Number.NaN) * 1000;
  const paceMs = resetAfterMs / (remaining + 1);
  return Number.isFinite(paceMs) ? Math.min(Math.max(0, paceMs), longestPaceMs) : 0;
}
