import { Agent, request } from 'undici';
import { VistazoError } from '../errors.js';
import { unlessAborted } from '../unless-aborted.js';
import { type CheckedFileHost, checkFileHosts, type FileHost, headersFor } from './file-hosts.js';
import {
  checkUrl,
  isAllowedInside,
  lookupOf,
  type ResolveName,
  systemResolver,
} from './public-addresses.js';

/** Bounds on fetching one address. */
export interface FetchOptions {
  /** Most bytes. Default 25 MiB. */
  maxBytes?: number;
  /** Longest time for everything. Default 10 s. */
  timeoutMs?: number;
  /** Redirects followed, each checked anew. Default 2. */
  maxRedirects?: number;
  signal?: AbortSignal;
  /**
   * The only hosts that are asked, redirects included, and what is sent to each alone. Default: any
   * public one, and nothing that proves who asks.
   */
  hosts?: readonly FileHost[];
  /** Addresses that may be reached although they are not public; for tests and closed networks. Default none. */
  allowAddress?: (address: string) => boolean;
  /** Finds the addresses of a name; they are checked whoever gives them. Default: the system's resolver. */
  resolveName?: ResolveName;
}

const defaults = {
  maxBytes: 25 * 2 ** 20,
  timeoutMs: 10_000,
  maxRedirects: 2,
  allowAddress: () => false,
  resolveName: systemResolver,
};

/**
 * Fetches the bytes of a public http(s) address. The address that is connected to is checked, not
 * the name, so that neither odd spellings nor DNS that changes its mind lead into a private network.
 * Throws `fetch.refused`, `fetch.failed`, `picture.tooLarge`, and `option.invalid` for `hosts` that are none.
 */
export async function guardedFetch(url: string, options: FetchOptions = {}): Promise<Uint8Array> {
  const { maxBytes, timeoutMs, maxRedirects, allowAddress, resolveName } = {
    ...defaults,
    ...options,
  };
  const hosts = options.hosts && checkFileHosts(options.hosts);
  const start = parseUrl(url);
  const signals = [AbortSignal.timeout(timeoutMs), ...(options.signal ? [options.signal] : [])];
  const guardedLookup = lookupOf(resolveName, { allowAddress, refused });
  const agent = new Agent({ connect: { lookup: guardedLookup, timeout: timeoutMs } });
  try {
    return await follow(start, maxRedirects, {
      agent,
      maxBytes,
      signal: AbortSignal.any(signals),
      allowAddress,
      hosts,
    });
  } catch (cause) {
    options.signal?.throwIfAborted();
    throw fetchError(start, cause, timeoutMs);
  } finally {
    await agent.destroy();
  }
}

function parseUrl(url: string): URL {
  const parsed = URL.parse(url);
  if (parsed !== null) return parsed;
  throw refused(`The address ${url.slice(0, 200)}`);
}

interface Bounds {
  hosts: CheckedFileHost[] | undefined;
  agent: Agent;
  maxBytes: number;
  signal: AbortSignal;
  allowAddress: (address: string) => boolean;
}

async function follow(url: URL, redirectsLeft: number, bounds: Bounds): Promise<Uint8Array> {
  checkUrl(url, { allowAddress: bounds.allowAddress, refused });
  // Asked for each address, so that nothing follows a redirect to another host.
  const headers =
    bounds.hosts &&
    (await unlessAborted(headersFor(url, bounds.hosts, isAllowedInside), bounds.signal));
  const response = await request(url, {
    dispatcher: bounds.agent,
    signal: bounds.signal,
    // Nothing is unpacked, so that nothing small can become large.
    headers: { ...headers, accept: 'image/*', 'accept-encoding': 'identity' },
  });
  const location = response.headers.location;
  if (response.statusCode >= 300 && response.statusCode < 400 && typeof location === 'string') {
    await response.body.dump();
    if (redirectsLeft === 0)
      throw new VistazoError(
        'fetch.failed',
        `${url.host} redirects too often; give the address of the picture itself.`,
      );
    const next = URL.parse(location, url.href);
    if (next === null) throw refused(`The address that ${url.host} redirects to`);
    return follow(next, redirectsLeft - 1, bounds);
  }
  if (response.statusCode !== 200) {
    await response.body.dump();
    throw new VistazoError(
      'fetch.failed',
      `${url.host} answered ${response.statusCode} instead of a picture; check the address.`,
    );
  }
  checkHeaders(response.headers, url, bounds.maxBytes);
  return readBody(response.body, url, bounds.maxBytes);
}

type Headers = Awaited<ReturnType<typeof request>>['headers'];

function checkHeaders(headers: Headers, url: URL, maxBytes: number): void {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    throw new VistazoError(
      'fetch.failed',
      `${url.host} sent the picture packed (${String(encoding)}), which was not asked for; send the picture itself.`,
    );
  }
  if (Number(headers['content-length'] ?? 0) > maxBytes) throw tooLarge(url, maxBytes);
}

async function readBody(
  body: AsyncIterable<Uint8Array>,
  url: URL,
  maxBytes: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge(url, maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge({ host }: URL, maxBytes: number): VistazoError {
  return new VistazoError(
    'picture.tooLarge',
    `The picture at ${host} has more than ${maxBytes} bytes; make it smaller.`,
  );
}

function refused(what: string): VistazoError {
  return new VistazoError(
    'fetch.refused',
    `${what} is not fetched: only public http and https addresses are; send the picture itself.`,
  );
}

function fetchError({ hostname }: URL, cause: unknown, timeoutMs: number): VistazoError {
  if (cause instanceof VistazoError) return cause;
  const slow = cause instanceof Error && /timeout|abort/i.test(cause.name + cause.message);
  return new VistazoError(
    'fetch.failed',
    slow
      ? `${hostname} did not answer within ${timeoutMs / 1000} s; try again later.`
      : `${hostname} could not be reached; check the address.`,
    { cause },
  );
}
