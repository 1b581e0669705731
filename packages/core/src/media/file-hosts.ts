import { VistazoError } from '../errors.js';

/** Headers by their names, such as `{ authorization: 'Bearer …' }`. */
export type FileHeaders = Readonly<Record<string, string>>;

/** A host that files may be fetched from. */
export interface FileHost {
  /**
   * A name such as `files.example.com`, or `*.example.com` for every name below that one, itself not
   * among them; with a port (`files.example.com:8443`) where it is not that of http or https.
   */
  host: string;
  /**
   * Sent to this host and to no other, and over https only: a host that has any is not fetched from over
   * http, unless it is written as an address inside that `allowAddress` lets in. A function is asked for
   * each request, so that it can renew them; what it throws is not told to anybody. Default none.
   */
  headers?: FileHeaders | (() => FileHeaders | Promise<FileHeaders>);
}

/** A checked {@link FileHost}. @internal */
export interface CheckedFileHost {
  /** As it is told to people. */
  host: string;
  isMeant: (url: URL) => boolean;
  headers: FileHost['headers'];
}

/** These are the fetcher's own. */
const ownHeaders =
  /^(accept|accept-encoding|connection|content-.*|expect|host|transfer-encoding|upgrade)$/i;
const headerName = /^[\w!#$%&'*+.^`|~-]+$/;
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Throws `option.invalid`. @internal */
export function checkFileHosts(hosts: readonly FileHost[]): CheckedFileHost[] {
  return hosts.map(({ host, headers }) => {
    if (typeof headers === 'object') checkHeaders(headers, host);
    return { host, isMeant: matcherOf(host), headers };
  });
}

/**
 * What is sent to `url` besides the fetcher's own headers. `isAllowedInside` tells where http is harmless.
 * Throws `fetch.refused` where it is of none of the hosts or would carry headers over http, and
 * `fetch.failed` where these cannot be had. @internal
 */
export async function headersFor(
  url: URL,
  hosts: readonly CheckedFileHost[],
  isAllowedInside: (url: URL) => boolean,
): Promise<FileHeaders> {
  const found = hosts.find(({ isMeant }) => isMeant(url));
  if (found === undefined) {
    const names = hosts.map(({ host }) => host).join(', ') || 'no host at all';
    throw new VistazoError(
      'fetch.refused',
      `${url.host} is not fetched: files come only from ${names} here; send the picture itself.`,
    );
  }
  if (found.headers === undefined) return {};
  if (url.protocol !== 'https:' && !isAllowedInside(url)) {
    throw new VistazoError(
      'fetch.refused',
      `${url.host} is not fetched over http: what proves who asks goes there over https only.`,
    );
  }
  return typeof found.headers === 'function' ? renewed(found.headers, url) : found.headers;
}

async function renewed(
  give: () => FileHeaders | Promise<FileHeaders>,
  { host }: URL,
): Promise<FileHeaders> {
  try {
    const headers = await give();
    checkHeaders(headers, host);
    return headers;
  } catch {
    // What failed may name a secret; who wrote the function can tell it better.
    throw new VistazoError(
      'fetch.failed',
      `What proves to ${host} who asks could not be had; try again later.`,
    );
  }
}

function matcherOf(pattern: string): (url: URL) => boolean {
  const [, wildcard, name = ''] = /^(\*\.)?([^*]+)$/.exec(pattern) ?? [];
  const parsed = URL.parse(`https://${name}`);
  // A port that is that of https is no part of the parsed host.
  const host = name.replace(/:443$/, '').toLowerCase();
  const isHost = parsed !== null && parsed.href === `https://${parsed.host}/`;
  if (!isHost || (parsed.host !== host && !isInternational(host))) throw invalidHost(pattern);
  if (wildcard === undefined) return (url) => url.host === parsed.host;
  return (url) => url.host.endsWith(`.${parsed.host}`);
}

/** One that is written in other letters than those that it is asked for with. */
function isInternational(host: string): boolean {
  return /[^\x20-\x7e]/.test(host);
}

function invalidHost(pattern: string): VistazoError {
  return new VistazoError(
    'option.invalid',
    `${JSON.stringify(pattern)} is no host that files come from; write a name such as files.example.com, or *.example.com for all below it, without https:// and path.`,
  );
}

/** The values are not told. */
function checkHeaders(headers: FileHeaders, host: string): void {
  for (const [name, value] of Object.entries(headers)) {
    const fault = !headerName.test(name)
      ? 'is no name of a header'
      : ownHeaders.test(name)
        ? 'is set by the fetcher itself'
        : typeof value !== 'string' || !headerValue.test(value)
          ? 'has a value that no header can have'
          : undefined;
    if (fault === undefined) continue;
    throw new VistazoError(
      'option.invalid',
      `The header ${JSON.stringify(name)} for ${host} ${fault}; leave it out or correct it.`,
    );
  }
}
