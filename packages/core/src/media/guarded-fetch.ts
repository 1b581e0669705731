import { lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Agent, request } from 'undici';
import { VistazoError } from '../errors.js';

/** Bounds on fetching one address. */
export interface FetchOptions {
  /** Most bytes after decompression. Default 25 MiB. */
  maxBytes?: number;
  /** Longest time for everything. Default 10 s. */
  timeoutMs?: number;
  /** Redirects followed, each checked anew. Default 2. */
  maxRedirects?: number;
  signal?: AbortSignal;
  /** Addresses that may be reached although they are not public; for tests and closed networks. Default none. */
  allowAddress?: (address: string) => boolean;
}

const defaults = {
  maxBytes: 25 * 2 ** 20,
  timeoutMs: 10_000,
  maxRedirects: 2,
  allowAddress: () => false,
};

/**
 * Fetches the bytes of a public http(s) address. The address that is connected to is checked, not
 * the name, so that neither odd spellings nor DNS that changes its mind lead into a private network.
 * Throws `fetch.refused` or `fetch.failed`.
 */
export async function guardedFetch(url: string, options: FetchOptions = {}): Promise<Uint8Array> {
  const { maxBytes, timeoutMs, maxRedirects, allowAddress } = { ...defaults, ...options };
  const signals = [AbortSignal.timeout(timeoutMs), ...(options.signal ? [options.signal] : [])];
  const agent = new Agent({ connect: { lookup: guardedLookup(allowAddress), timeout: timeoutMs } });
  try {
    return await follow(new URL(url), maxRedirects, {
      agent,
      maxBytes,
      signal: AbortSignal.any(signals),
      allowAddress,
    });
  } catch (cause) {
    options.signal?.throwIfAborted();
    throw fetchError(url, cause, timeoutMs);
  } finally {
    await agent.destroy();
  }
}

interface Bounds {
  agent: Agent;
  maxBytes: number;
  signal: AbortSignal;
  allowAddress: (address: string) => boolean;
}

async function follow(url: URL, redirectsLeft: number, bounds: Bounds): Promise<Uint8Array> {
  checkUrl(url, bounds.allowAddress);
  const response = await request(url, {
    dispatcher: bounds.agent,
    signal: bounds.signal,
    headers: { accept: 'image/*' },
  });
  const location = response.headers.location;
  if (response.statusCode >= 300 && response.statusCode < 400 && typeof location === 'string') {
    await response.body.dump();
    if (redirectsLeft === 0)
      throw new VistazoError(
        'fetch.failed',
        `${url.host} redirects too often; give the address of the picture itself.`,
      );
    return follow(new URL(location, url), redirectsLeft - 1, bounds);
  }
  if (response.statusCode !== 200) {
    await response.body.dump();
    throw new VistazoError(
      'fetch.failed',
      `${url.host} answered ${response.statusCode} instead of a picture; check the address.`,
    );
  }
  return readBody(response.body, url, bounds.maxBytes);
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
    if (length > maxBytes) {
      throw new VistazoError(
        'picture.tooLarge',
        `The picture at ${url.host} has more than ${maxBytes} bytes; make it smaller.`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function checkUrl(url: URL, allowAddress: (address: string) => boolean): void {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refused(url.protocol);
  if (url.username !== '' || url.password !== '') throw refused('an address with a password');
  // Literal addresses do not go through the lookup.
  if (isIP(host) !== 0 && !isPublic(host) && !allowAddress(host)) throw refused(host);
}

/** Whether an address is one of the public internet, seen through every way of embedding IPv4 in IPv6. */
function isPublic(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'unicast';
}

function guardedLookup(allowAddress: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      const bad = addresses.find(({ address }) => !isPublic(address) && !allowAddress(address));
      if (bad !== undefined) return callback(refused(hostname), []);
      const [first] = addresses;
      if (options.all) callback(null, addresses);
      else callback(null, first?.address ?? '', first?.family);
    });
  };
}

function refused(what: string): VistazoError {
  return new VistazoError(
    'fetch.refused',
    `${what} is not fetched: only public http and https addresses are.`,
  );
}

function fetchError(url: string, cause: unknown, timeoutMs: number): VistazoError {
  if (cause instanceof VistazoError) return cause;
  const { hostname } = new URL(url);
  const slow = cause instanceof Error && /timeout|abort/i.test(cause.name + cause.message);
  return new VistazoError(
    'fetch.failed',
    slow
      ? `${hostname} did not answer within ${timeoutMs / 1000} s; try again later.`
      : `${hostname} could not be reached; check the address.`,
    { cause },
  );
}
