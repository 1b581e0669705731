import { Agent, request } from 'undici';
import { VistazoError } from '../errors.js';
import { checkFileHosts, type FileHost } from './file-hosts.js';
import { checkUrl, lookupOf, type ResolveName, systemResolver } from './public-addresses.js';

/** How something is posted to an address. */
export interface PostOptions {
  headers?: Readonly<Record<string, string>>;
  /** Longest time for everything. Default 10 s. */
  timeoutMs?: number;
  signal?: AbortSignal;
  /** The only hosts that are posted to. Default: any public one. */
  hosts?: readonly Pick<FileHost, 'host'>[];
  /** Addresses that may be reached although they are not public; for tests and closed networks. Default none. */
  allowAddress?: (address: string) => boolean;
  /** Finds the addresses of a name; they are checked whoever gives them. Default: the system's resolver. */
  resolveName?: ResolveName;
}

/**
 * Posts a body to a public http(s) address, checked as `guardedFetch` does. Redirects are not followed,
 * and what is answered is not read. Resolves when the answer is one of 2xx. Throws `fetch.refused`, `fetch.failed`, and
 * `option.invalid` for `hosts` that are none.
 */
export async function guardedPost(
  url: string,
  body: string | Uint8Array,
  options: PostOptions = {},
): Promise<void> {
  const { timeoutMs = 10_000, allowAddress = () => false, headers = {} } = options;
  const address = URL.parse(url);
  if (address === null) throw refused('An address that is none');
  const rules = { allowAddress, refused };
  checkUrl(address, rules);
  const hosts = options.hosts && checkFileHosts(options.hosts.map(({ host }) => ({ host })));
  if (hosts?.every(({ isMeant }) => !isMeant(address)))
    throw new VistazoError(
      'fetch.refused',
      `${address.host} is not posted to: only ${hosts.map(({ host }) => host).join(', ') || 'no host at all'} is here.`,
    );
  const guardedLookup = lookupOf(options.resolveName ?? systemResolver, rules);
  const agent = new Agent({ connect: { lookup: guardedLookup, timeout: timeoutMs } });
  const signals = [AbortSignal.timeout(timeoutMs), ...(options.signal ? [options.signal] : [])];
  try {
    const signal = AbortSignal.any(signals);
    const response = await request(address, {
      ...{ dispatcher: agent, signal, method: 'POST', body, headers },
    });
    // Of what was answered only the status counts; the connection is closed with the agent.
    response.body.on('error', () => {}).destroy();
    if (response.statusCode < 200 || response.statusCode > 299)
      throw failed(address, `answered ${response.statusCode}; redirects are not followed`);
  } catch (cause) {
    options.signal?.throwIfAborted();
    if (cause instanceof VistazoError) throw cause;
    throw failed(address, `could not be reached within ${timeoutMs / 1000} s`, cause);
  } finally {
    await agent.destroy();
  }
}

function failed({ host }: URL, what: string, cause?: unknown): VistazoError {
  return new VistazoError('fetch.failed', `${host} ${what}; check the address.`, { cause });
}

function refused(what: string): VistazoError {
  return new VistazoError(
    'fetch.refused',
    `${what} is not posted to: only public http and https addresses are, and those that are allowed by name.`,
  );
}
