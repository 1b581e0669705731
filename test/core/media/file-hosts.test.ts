import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { FileHost } from '../../../packages/core/src/media/file-hosts.ts';
import { type FetchOptions, guardedFetch } from '../../../packages/core/src/media/guarded-fetch.ts';
import type { ResolveName } from '../../../packages/core/src/media/public-addresses.ts';
import { selfSigned } from './self-signed.ts';

const home = '127.0.0.1';
const secret = 'Bearer xoxb-hunter2';
const bytes = Buffer.from('bytes of a picture');
const certificate = selfSigned(['files.example.com', '*.cdn.example.com', 'other.example']);
const trusted = getCACertificates('default');

beforeAll(() => setDefaultCACertificates([...trusted, certificate.cert]));
afterAll(() => setDefaultCACertificates(trusted));

interface Asked {
  host: string | undefined;
  url: string | undefined;
  authorization: string | undefined;
}

/** A server of this machine, for all names; what it is asked is told without the port. */
async function serve(
  scheme: 'http' | 'https',
  listener: RequestListener = (_, response) => response.end(bytes),
): Promise<{ port: number; asked: Asked[] }> {
  const asked: Asked[] = [];
  const hear: RequestListener = (request, response) => {
    asked.push(told(request));
    listener(request, response);
  };
  const server = scheme === 'http' ? createServer(hear) : createSecureServer(certificate, hear);
  await new Promise<void>((resolve) => server.listen(0, home, resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, asked };
}

function told({ headers, url }: IncomingMessage): Asked {
  return { host: headers.host?.replace(/:\d+$/, ''), url, authorization: headers.authorization };
}

const resolveName: ResolveName = (_, _options, callback) =>
  callback(null, [{ address: home, family: 4 }]);

/** As in production, but that every name is of this machine, which may be reached. */
function fetchFrom(url: string, hosts: readonly FileHost[], options: FetchOptions = {}) {
  return guardedFetch(url, {
    hosts,
    resolveName,
    allowAddress: (address) => address === home,
    ...options,
  });
}

async function failureOf(work: Promise<unknown>): Promise<Error> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('It did not fail.');
}

describe('files of declared hosts', () => {
  it.each([
    ['files.example.com', 'https://files.example.com/a', true],
    ['files.example.com', 'https://FILES.example.com/a', true],
    ['Files.Example.com', 'https://files.example.com/a', true],
    ['files.example.com', 'https://files.example.com.:@/a', false],
    ['files.example.com', 'https://other.example/a', false],
    ['files.example.com', 'https://a.files.example.com/a', false],
    ['files.example.com', 'https://files.example.com.other.example/a', false],
    ['*.cdn.example.com', 'https://a.cdn.example.com/a', true],
    ['*.cdn.example.com', 'https://cdn.example.com/a', false],
    ['*.cdn.example.com', 'https://xcdn.example.com/a', false],
    ['*.cdn.example.com', 'https://a.cdn.example.com.other.example/a', false],
    ['*.cdn.example.com', 'https://other.example/.cdn.example.com', false],
    ['*.cdn.example.com', 'https://other.example/#.cdn.example.com', false],
    ['bücher.example', 'http://xn--bcher-kva.example/a', true],
    ['xn--bcher-kva.example', 'http://BÜCHER.example/a', true],
  ])('of %s: %s, %s', async (host, url, isFetched) => {
    const { port, asked } = await serve(url.startsWith('https') ? 'https' : 'http');
    const withPort = url.replace(/^(https?:\/\/[^/:]+)(:@)?/, `$1:${port}`);
    const fetched = fetchFrom(withPort, [{ host: `${host}:${port}` }]);
    if (isFetched) expect(Buffer.from(await fetched)).toEqual(bytes);
    else {
      await expect(fetched).rejects.toMatchObject({
        code: 'fetch.refused',
        message: `${new URL(withPort).host} is not fetched: files come only from ${host}:${port} here; send the picture itself.`,
      });
      expect(asked).toEqual([]);
    }
  });

  it('are fetched from their usual ports where none is declared, and from no others', async () => {
    const { port, asked } = await serve('https');
    const fetched = fetchFrom(`https://files.example.com:${port}/`, [
      { host: 'files.example.com' },
    ]);
    await expect(fetched).rejects.toMatchObject({ code: 'fetch.refused' });
    expect(asked).toEqual([]);
  });

  it('are refused at addresses that are not public, as all others are', async () => {
    const { port, asked } = await serve('http');
    const hosts = [{ host: `${home}:${port}` }, { host: `files.example.com:${port}` }];
    for (const { host } of hosts)
      await expect(guardedFetch(`http://${host}/`, { hosts, resolveName })).rejects.toMatchObject({
        code: 'fetch.refused',
        message: expect.stringContaining('only public http and https addresses'),
      });
    expect(asked).toEqual([]);
  });

  it('are none where no host is declared', async () => {
    await expect(fetchFrom('https://files.example.com/', [])).rejects.toMatchObject({
      code: 'fetch.refused',
      message: expect.stringContaining('files come only from no host at all'),
    });
  });

  it.each([
    '',
    '*',
    '*.',
    'a.*.example',
    'https://files.example.com',
    'files.example.com/a',
    'files.example.com?',
    'ana@files.example.com',
    'files.example.com:port',
    'files example',
    '0x7f.1',
  ])('cannot be declared as %j', async (host) => {
    await expect(fetchFrom('https://files.example.com/', [{ host }])).rejects.toMatchObject({
      code: 'option.invalid',
      message: expect.stringContaining(`${JSON.stringify(host)} is no host that files come from`),
    });
  });
});

describe('credentials', () => {
  it('are sent to the host that they are declared for, and to no other', async () => {
    const { port, asked } = await serve('https');
    const hosts = [
      { host: `*.cdn.example.com:${port}`, headers: { authorization: secret } },
      { host: `other.example:${port}` },
    ];
    await fetchFrom(`https://a.cdn.example.com:${port}/1`, hosts);
    await fetchFrom(`https://other.example:${port}/2`, hosts);
    expect(asked).toEqual([
      { host: 'a.cdn.example.com', url: '/1', authorization: secret },
      { host: 'other.example', url: '/2', authorization: undefined },
    ]);
  });

  it('are given anew for each request by a function', async () => {
    const { port, asked } = await serve('https');
    let turn = 0;
    const headers = async () => ({ Authorization: `token ${++turn}` });
    const hosts = [{ host: `files.example.com:${port}`, headers }];
    await fetchFrom(`https://files.example.com:${port}/`, hosts);
    await fetchFrom(`https://files.example.com:${port}/`, hosts);
    expect(asked.map(({ authorization }) => authorization)).toEqual(['token 1', 'token 2']);
  });

  it('stay behind when a host redirects to another one', async () => {
    const { port, asked } = await serve('https', ({ url }, response) =>
      url === '/'
        ? response.writeHead(302, { location: `https://other.example:${port}/signed` }).end()
        : response.end(bytes),
    );
    const hosts = [
      { host: `files.example.com:${port}`, headers: { authorization: secret, cookie: secret } },
      { host: `other.example:${port}` },
    ];
    const fetched = await fetchFrom(`https://files.example.com:${port}/`, hosts);
    expect(Buffer.from(fetched)).toEqual(bytes);
    expect(asked.map(({ authorization }) => authorization)).toEqual([secret, undefined]);
  });

  it('go along when a host redirects to itself', async () => {
    const { port, asked } = await serve('https', ({ url }, response) =>
      url === '/' ? response.writeHead(302, { location: '/b' }).end() : response.end(bytes),
    );
    const hosts = [{ host: `files.example.com:${port}`, headers: { authorization: secret } }];
    await fetchFrom(`https://files.example.com:${port}/`, hosts);
    expect(asked.map(({ authorization }) => authorization)).toEqual([secret, secret]);
  });

  it.each([
    ['another host', (port: number) => `https://other.example:${port}/`, 'files come only from'],
    ['http', (port: number) => `http://files.example.com:${port}/`, 'is not fetched over http'],
    ['an address', (port: number) => `https://${home}:${port}/`, 'files come only from'],
  ])('and the file go nowhere when their host redirects to %s', async (_, target, words) => {
    const canary = await serve('http');
    const { port, asked } = await serve('https', (_request, response) =>
      response.writeHead(302, { location: target(canary.port) }).end(),
    );
    const headers = { authorization: secret };
    const hosts = [port, canary.port].map((each) => ({
      host: `files.example.com:${each}`,
      headers,
    }));
    const error = await failureOf(fetchFrom(`https://files.example.com:${port}/`, hosts));
    expect(error).toMatchObject({ code: 'fetch.refused', message: expect.stringContaining(words) });
    expect(inspect(error)).not.toContain('hunter2');
    expect(asked).toHaveLength(1);
    expect(canary.asked).toEqual([]);
  });

  it('are never sent over http, but to an address inside that was allowed', async () => {
    const { port, asked } = await serve('http');
    const headers = { authorization: secret };
    const hosts = [
      { host: `files.example.com:${port}`, headers },
      { host: `${home}:${port}`, headers },
    ];
    await expect(fetchFrom(`http://files.example.com:${port}/`, hosts)).rejects.toMatchObject({
      code: 'fetch.refused',
      message: `files.example.com:${port} is not fetched over http: what proves who asks goes there over https only.`,
    });
    expect(asked).toEqual([]);
    await fetchFrom(`http://${home}:${port}/`, hosts);
    expect(asked).toEqual([{ host: home, url: '/', authorization: secret }]);
  });

  it.each<[string, FileHost['headers'] & {}]>([
    ['cannot be had', () => Promise.reject(new Error(`${secret} was refused`))],
    ['are no headers', () => ({ authorization: `${secret}\r\nx-other: 1` })],
    ['are the business of the fetcher', () => ({ host: secret })],
  ])('that %s are not told, and nothing is asked', async (_, headers) => {
    const { port, asked } = await serve('https');
    const hosts = [{ host: `files.example.com:${port}`, headers }];
    const error = await failureOf(fetchFrom(`https://files.example.com:${port}/`, hosts));
    expect(error).toMatchObject({
      code: 'fetch.failed',
      message: `What proves to files.example.com:${port} who asks could not be had; try again later.`,
    });
    expect(inspect(error, { depth: 9 })).not.toContain('hunter2');
    expect(asked).toEqual([]);
  });

  it.each([
    ['the host fails', 'https' as const, 500],
    ['the host speaks no TLS', 'http' as const, 200],
  ])('are not told when %s', async (_, scheme, status) => {
    const { port } = await serve(scheme, (_request, response) => response.writeHead(status).end());
    const hosts = [{ host: `files.example.com:${port}`, headers: { authorization: secret } }];
    const error = await failureOf(fetchFrom(`https://files.example.com:${port}/`, hosts));
    expect(error).toMatchObject({ code: 'fetch.failed' });
    expect(inspect(error, { depth: 9 })).not.toContain('hunter2');
  });

  it('that do not come are waited for no longer than for everything', async () => {
    const headers = () => new Promise<never>(() => {});
    const hosts = [{ host: 'files.example.com', headers }];
    const url = 'https://files.example.com/';
    await expect(fetchFrom(url, hosts, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'fetch.failed',
      message: 'files.example.com did not answer within 0.05 s; try again later.',
    });
    const controller = new AbortController();
    const fetched = fetchFrom(url, hosts, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(fetched).rejects.toThrow('enough');
  });

  it.each([
    [{ host: 'other.example' }, '"host" for files.example.com is set by the fetcher itself'],
    [{ 'Accept-Encoding': 'gzip' }, '"Accept-Encoding" for files.example.com is set by'],
    [{ 'a b': '1' }, '"a b" for files.example.com is no name of a header'],
    [{ authorization: `${secret}\n` }, '"authorization" for files.example.com has a value that no'],
  ])('cannot be %j', async (headers, words) => {
    const hosts = [{ host: 'files.example.com', headers }];
    const error = await failureOf(fetchFrom('https://files.example.com/', hosts));
    expect(error).toMatchObject({
      code: 'option.invalid',
      message: expect.stringContaining(words),
    });
    expect(inspect(error)).not.toContain('hunter2');
  });
});
