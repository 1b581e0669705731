import { unlessAborted } from '@vistazo/core/adapter-kit';
import { type REST, RequestMethod, type RouteLike } from 'discord.js';
import { platformError } from './discord-errors.js';

/** A file to be posted. */
export interface DiscordFile {
  name: string;
  content: string | Uint8Array;
  mediaType: string;
  /** For people who do not see it, at most 1,024 characters. Default none. */
  description?: string;
}

/** One call. */
export interface DiscordCall {
  method: keyof typeof RequestMethod;
  route: RouteLike;
  body?: unknown;
  /** Sent besides the body. */
  files?: readonly DiscordFile[];
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

  /** Throws `platform.gone`, `platform.refused`, `platform.failed`, and the reason of the signal. */
  async call({
    method,
    route,
    query,
    body,
    files,
    ...options
  }: DiscordCall): Promise<DiscordAnswer> {
    options.signal?.throwIfAborted();
    try {
      const queued = this.rest.queueRequest({
        method: RequestMethod[method],
        fullRoute: route,
        ...options,
        ...(files === undefined ? { body } : await withFiles(body, files)),
        ...(query !== undefined && { query: new URLSearchParams(query) }),
      });
      // In its queues discord.js does not look at the signal. What is sent all the same has its nonce.
      const response = await unlessAborted(queued, options.signal);
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

/**
 * What discord.js would make of `files` itself is not understood where another undici than its own has set the
 * process's dispatcher, as core's does.
 */
async function withFiles(body: unknown, files: readonly DiscordFile[]) {
  const form = new FormData();
  form.set('payload_json', JSON.stringify(body));
  for (const [index, { name, content, mediaType }] of files.entries()) {
    const part = typeof content === 'string' ? content : new Uint8Array(content);
    form.set(`files[${index}]`, new Blob([part], { type: mediaType }), name);
  }
  const encoded = new Response(form);
  return {
    body: Buffer.from(await encoded.arrayBuffer()),
    headers: { 'content-type': encoded.headers.get('content-type') ?? '' },
    passThroughBody: true,
  };
}

/** The longest that a route is kept waiting for the sake of evenness. */
const longestPaceMs = 2000;

function paceMsOf(headers: { get(name: string): string | null }): number {
  const remaining = Number(headers.get('x-ratelimit-remaining') ?? Number.NaN);
  const resetAfterMs = Number(headers.get('x-ratelimit-reset-after') ?? Number.NaN) * 1000;
  const paceMs = resetAfterMs / (remaining + 1);
  return Number.isFinite(paceMs) ? Math.min(Math.max(0, paceMs), longestPaceMs) : 0;
}
