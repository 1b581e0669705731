import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type FetchOptions, guardedFetch } from '../../../packages/core/src/media/guarded-fetch.ts';
import type { ResolveName } from '../../../packages/core/src/media/public-addresses.ts';

const home = '127.0.0.1';
const bytes = Buffer.from('bytes of a picture');
const sendBytes: RequestListener = (_, response) => response.end(bytes);

/** A server of this machine, which only this test may be reached by; gives its port. */
async function serve(listener: RequestListener): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, home, resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, asked };
}

/** As in production, but for one address of this machine. */
function fetchFromHome(url: string, options: FetchOptions = {}): Promise<Uint8Array> {
  return guardedFetch(url, { allowAddress: (address) => address === home, ...options });
}

/** A resolver that gives these addresses, one list after the other, and counts how often it is asked. */
function resolver(...answers: string[][]): ResolveName & { asked: () => number } {
  let asked = 0;
  const resolve: ResolveName = (_, _options, callback) => {
    const addresses = answers[Math.min(asked, answers.length - 1)] ?? [];
    asked += 1;
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return Object.assign(resolve, { asked: () => asked });
}

const refusedError = expect.objectContaining({
  name: 'VistazoError',
  code: 'fetch.refused',
  message: expect.stringContaining('only public http and https addresses are; send the picture'),
});

/** As headers can have it; it is the same address. */
const escaped = (url: string) => url.replace(/[^\x20-\x7e]/g, encodeURIComponent);

/** Ways to write the address of this machine, all of which lead there where nobody looks. */
const waysHome = [
  ['as it is', '127.0.0.1'],
  ['with a dot at its end', '127.0.0.1.'],
  ['decimal', '2130706433'],
  ['octal', '0177.0.0.01'],
  ['octal in one', '017700000001'],
  ['hexadecimal', '0x7f000001'],
  ['hexadecimal by bytes', '0x7F.0x0.0x0.0x1'],
  ['mixed and short', '0x7f.1'],
  ['short', '127.1'],
  ['of three parts', '127.0.1'],
  ['escaped', '%31%32%37.0.0.1'],
  ['digits of another alphabet', '①②⑦.⓪.⓪.①'],
  ['full-width digits', '１２７.０.０.１'],
  ['ideographic dots', '127。0。0。1'],
  ['IPv4 mapped', '[::ffff:127.0.0.1]'],
  ['IPv4 mapped in hexadecimal', '[::FFFF:7f00:1]'],
  ['IPv4 mapped in full', '[0:0:0:0:0:ffff:127.0.0.1]'],
  ['a name of this machine', 'localhost'],
] as const;

/** Other ways to leave the public internet. */
const waysAside = [
  ['another loopback', '127.9.8.7'],
  ['unspecified', '0.0.0.0'],
  ['unspecified, in one', '0'],
  ['this network', '0.1.2.3'],
  ['private', '10.0.0.1'],
  ['private, decimal', '167772161'],
  ['private', '172.16.3.4'],
  ['private, the last', '172.31.255.255'],
  ['private', '192.168.1.1'],
  ['private, octal', '0300.0250.1.1'],
  ['carrier grade NAT', '100.64.0.1'],
  ['carrier grade NAT, the last', '100.127.255.255'],
  ['where another cloud keeps secrets', '100.100.100.200'],
  ['link-local, where clouds keep secrets', '169.254.169.254'],
  ['the same, decimal', '2852039166'],
  ['the same, hexadecimal', '0xa9fea9fe'],
  ['the same, octal', '0251.0376.0251.0376'],
  ['the same, of three parts', '169.254.43518'],
  ['the host of a cloud, on a public address', '168.63.129.16'],
  ['the same, mapped', '[::ffff:168.63.129.16]'],
  ['the same, decimal', '2822734096'],
  ['metadata of a cloud, on a public address', '192.80.8.124'],
  ['services inside a cloud, on public addresses', '161.26.0.7'],
  ['services inside a cloud, the last', '166.11.255.255'],
  ['assigned to protocols', '192.0.0.1'],
  ['for documentation', '192.0.2.1'],
  ['for documentation', '198.51.100.1'],
  ['for documentation', '203.0.113.1'],
  ['for benchmarks', '198.18.0.1'],
  ['a relay of 6to4', '192.88.99.1'],
  ['multicast', '224.0.0.1'],
  ['multicast', '239.255.255.250'],
  ['reserved', '240.0.0.1'],
  ['broadcast', '255.255.255.255'],
  ['IPv6 loopback', '[::1]'],
  ['IPv6 loopback in full', '[0:0:0:0:0:0:0:1]'],
  ['IPv6 unspecified', '[::]'],
  ['IPv4 mapped, where clouds keep secrets', '[::ffff:a9fe:a9fe]'],
  ['IPv4 mapped, private', '[::ffff:192.168.0.1]'],
  ['IPv4 compatible', '[::127.0.0.1]'],
  ['IPv4 translated', '[::ffff:0:127.0.0.1]'],
  ['NAT64', '[64:ff9b::7f00:1]'],
  ['NAT64, with dots', '[64:ff9b::169.254.169.254]'],
  ['NAT64 of a network of its own', '[64:ff9b:1::7f00:1]'],
  ['6to4', '[2002:7f00:1::]'],
  ['6to4, where clouds keep secrets', '[2002:a9fe:a9fe::1]'],
  ['Teredo', '[2001:0:7f00:1::1]'],
  ['ORCHID', '[2001:20::1]'],
  ['IPv6 for benchmarks', '[2001:2::1]'],
  ['IPv6 for documentation', '[2001:db8::1]'],
  ['IPv6 for documentation, newer', '[3fff::1]'],
  ['segment routing', '[5f00::1]'],
  ['IPv6 that is dropped', '[100::1]'],
  ['unique local', '[fd00:ec2::254]'],
  ['unique local, not given out', '[fc00::1]'],
  ['IPv6 link-local', '[fe80::1]'],
  ['IPv6 link-local, the last', '[febf:ffff::1]'],
  ['IPv6 link-local of a zone', '[fe80::1%25lo]'],
  ['IPv6 link-local of a zone, as people write it', '[fe80::1%eth0]'],
  ['IPv6 site-local', '[fec0::1]'],
  ['IPv6 multicast', '[ff02::1]'],
  ['IPv6 not given out', '[4000::1]'],
] as const;

describe('an address that is not of the public internet is refused', () => {
  const all = [...waysHome, ...waysAside];

  it.each(all)('%s: %s', async (_, host) => {
    await expect(guardedFetch(`http://${host}/latest/meta-data/`)).rejects.toEqual(refusedError);
    await expect(guardedFetch(`https://${host}:8787/`)).rejects.toEqual(refusedError);
  });

  it('when it is one of this machine, though everybody may know it', async () => {
    const own = { address: '93.184.216.34', family: 'IPv4' as const, internal: false };
    const card = { ...own, netmask: '255.255.255.0', mac: '00:00:00:00:00:00', cidr: null };
    const cards = vi.spyOn(os, 'networkInterfaces').mockReturnValue({ eth0: [card] });
    onTestFinished(() => cards.mockRestore());
    const itself = { resolveName: resolver([own.address]) };
    await expect(guardedFetch(`http://${own.address}/`)).rejects.toEqual(refusedError);
    await expect(guardedFetch('http://bot.example/', itself)).rejects.toEqual(refusedError);
  });

  it('and nothing reaches a server there, asked directly or through a redirect', async () => {
    const canary = await serve(sendBytes);
    const targets = all.map(([, host]) => `http://${host}:${canary.port}/`);
    expect(targets.length).toBeGreaterThanOrEqual(60);
    for (const target of targets) {
      await expect(guardedFetch(target)).rejects.toEqual(refusedError);
      // The server that redirects may be reached, and after it nothing.
      let isRedirected = false;
      const { port } = await serve((_, response) => {
        isRedirected = true;
        response.writeHead(302, { location: escaped(target) }).end();
      });
      const allowAddress = () => !isRedirected;
      const fetched = guardedFetch(`http://${home}:${port}/`, { allowAddress });
      await expect(fetched).rejects.toEqual(refusedError);
      expect(isRedirected).toBe(true);
    }
    expect(canary.asked).toEqual([]);
  });

  it.each(waysHome)('which would have reached it: %s: %s', async (_, host) => {
    const canary = await serve(sendBytes);
    const fetched = guardedFetch(`http://${host}:${canary.port}/`, { allowAddress: () => true });
    expect(Buffer.from(await fetched)).toEqual(bytes);
    expect(canary.asked).toEqual(['/']);
  });

  it('every IPv4 address of 10/8 and 192.168/16, also inside IPv6', async () => {
    const address = fc.oneof(
      fc.tuple(fc.constant('10'), fc.nat(255), fc.nat(255), fc.nat(255)),
      fc.tuple(fc.constant('192'), fc.constant('168'), fc.nat(255), fc.nat(255)),
    );
    const url = fc
      .tuple(address, fc.constantFrom('http://@/', 'http://[::ffff:@]/', 'https://[::@]:81/x'))
      .map(([parts, form]) => form.replace('@', parts.join('.')));
    await fc.assert(
      fc.asyncProperty(url, async (each) => {
        await expect(guardedFetch(each)).rejects.toEqual(refusedError);
      }),
    );
  });

  it.each(['ftp://example.org/a.png', 'file:///etc/passwd', 'data:image/png;base64,', 'blob:x'])(
    'nor is anything but http and https: %s',
    async (url) => {
      await expect(guardedFetch(url)).rejects.toEqual(refusedError);
    },
  );

  it('nor is what is no address', async () => {
    await expect(guardedFetch('http://')).rejects.toEqual(refusedError);
    await expect(guardedFetch('nonsense')).rejects.toEqual(refusedError);
  });

  it('nor one with a name or password in it, which is not repeated', async () => {
    const { port, asked } = await serve(sendBytes);
    const fetched = fetchFromHome(`http://ana:hunter2@${home}:${port}/`);
    await expect(fetched).rejects.toEqual(refusedError);
    await expect(fetched).rejects.not.toThrow(/hunter2/);
    await expect(fetchFromHome(`http://ana@${home}:${port}/`)).rejects.toEqual(refusedError);
    expect(asked).toEqual([]);
  });
});

describe('a name', () => {
  it('is fetched from the address it has', async () => {
    const { port } = await serve(sendBytes);
    const fetched = fetchFromHome(`http://pictures.example:${port}/`, {
      resolveName: resolver([home]),
    });
    expect(Buffer.from(await fetched)).toEqual(bytes);
  });

  it.each([
    ['loopback', ['127.0.0.2']],
    ['a private address', ['192.168.0.1']],
    ['the metadata address', ['169.254.169.254']],
    ['a mapped address', ['::ffff:10.0.0.1']],
    ['a unique local address', ['fd00::1']],
    ['a link-local address of a zone', ['fe80::1%lo']],
    ['a NAT64 address', ['64:ff9b::7f00:1']],
    ['a NAT64 address of a network of its own', ['64:ff9b:1::7f00:1']],
    ['a 6to4 address', ['2002:7f00:1::']],
    ['a Teredo address', ['2001:0:7f00:1::1']],
    ['the unspecified address', ['0.0.0.0']],
    ['the unspecified IPv6 address', ['::']],
    ['a compatible address', ['::127.0.0.1']],
    ['a carrier grade NAT address', ['100.64.0.1']],
    ['what is no address', ['2130706433']],
    ['a good and a bad address', [home, '10.0.0.1']],
    ['a bad and a good address', ['::1', home]],
    ['no address at all', []],
  ])('that has %s is not fetched', async (_, addresses) => {
    const { port, asked } = await serve(sendBytes);
    const fetched = fetchFromHome(`http://pictures.example:${port}/`, {
      resolveName: resolver(addresses),
    });
    await expect(fetched).rejects.toMatchObject({ code: expect.stringMatching(/^fetch\./) });
    expect(asked).toEqual([]);
  });

  it('that changes its address after the check leads nowhere else', async () => {
    const { port, asked } = await serve(sendBytes);
    const resolveName = resolver([home], ['169.254.169.254']);
    const url = `http://pictures.example:${port}/`;
    expect(Buffer.from(await fetchFromHome(url, { resolveName }))).toEqual(bytes);
    expect(resolveName.asked()).toBe(1);
    await expect(fetchFromHome(url, { resolveName })).rejects.toEqual(refusedError);
    expect(asked).toHaveLength(1);
  });

  it('that does not exist is named', async () => {
    const resolveName: ResolveName = (_, _options, callback) =>
      callback(Object.assign(new Error('not found'), { code: 'ENOTFOUND' }), []);
    await expect(guardedFetch('http://pictures.example/', { resolveName })).rejects.toMatchObject({
      code: 'fetch.failed',
      message: 'pictures.example could not be reached; check the address.',
    });
  });
});

describe('a redirect', () => {
  const redirectTo =
    (location: string, status = 302): RequestListener =>
    ({ url }, response) =>
      url === '/end' ? response.end(bytes) : response.writeHead(status, { location }).end('moved');

  it.each([301, 302, 303, 307, 308])('of status %i is followed', async (status) => {
    const { port } = await serve(redirectTo('/end', status));
    expect(Buffer.from(await fetchFromHome(`http://${home}:${port}/`))).toEqual(bytes);
  });

  it.each([
    'http://127.0.0.2/',
    'http://169.254.169.254/latest/meta-data/',
    'http://[::1]/',
    'http://2130706434/',
    'http://localhost.localdomain.:1/',
    '//10.0.0.1/a.png',
    'file:///etc/passwd',
    'ftp://example.org/',
    'http://ana:hunter2@127.0.0.1/',
    'http://',
  ])('to %s is not followed', async (location) => {
    const { port } = await serve(redirectTo(location));
    const fetched = fetchFromHome(`http://${home}:${port}/`, { resolveName: resolver(['::1']) });
    await expect(fetched).rejects.toEqual(refusedError);
  });

  it('to a name that has a private address is not followed', async () => {
    const { port } = await serve(redirectTo('http://inner.example/'));
    const fetched = fetchFromHome(`http://${home}:${port}/`, {
      resolveName: resolver(['10.1.2.3']),
    });
    await expect(fetched).rejects.toEqual(refusedError);
  });

  it('back to a name that has another address by then is not followed', async () => {
    const canary = await serve(sendBytes);
    const { port } = await serve(redirectTo(`http://pictures.example:${canary.port}/`));
    const resolveName = resolver(['127.0.0.1'], ['127.0.0.1']);
    let allowed = 1;
    const fetched = guardedFetch(`http://pictures.example:${port}/`, {
      resolveName,
      allowAddress: () => allowed-- > 0,
    });
    await expect(fetched).rejects.toEqual(refusedError);
    expect(resolveName.asked()).toBe(2);
    expect(canary.asked).toEqual([]);
  });

  it('that goes in circles is given up', async () => {
    const { port, asked } = await serve(redirectTo('/again'));
    await expect(fetchFromHome(`http://${home}:${port}/`)).rejects.toMatchObject({
      code: 'fetch.failed',
      message: expect.stringContaining('redirects too often; give the address of the picture'),
    });
    expect(asked).toEqual(['/', '/again', '/again']);
  });
});

describe('the size', () => {
  it.each([
    ['said beforehand', (size: number) => ({ 'content-length': size })],
    ['not said', () => ({})],
  ])('%s may be as large as allowed and no larger', async (_, headers) => {
    const { port } = await serve(({ url }, response) => {
      const size = Number(url?.slice(1));
      response.writeHead(200, headers(size));
      response.write(Buffer.alloc(size - 1));
      response.end(Buffer.alloc(1));
    });
    const fetchOf = (size: number) =>
      fetchFromHome(`http://${home}:${port}/${size}`, { maxBytes: 1000 });
    expect(await fetchOf(1000)).toHaveLength(1000);
    await expect(fetchOf(1001)).rejects.toMatchObject({
      code: 'picture.tooLarge',
      message: `The picture at ${home}:${port} has more than 1000 bytes; make it smaller.`,
    });
  });

  it('said to be too large is believed before anything is read', async () => {
    const { port } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 10 ** 12 });
      response.flushHeaders();
    });
    await expect(fetchFromHome(`http://${home}:${port}/`)).rejects.toMatchObject({
      code: 'picture.tooLarge',
    });
  });

  it('without end is cut off', async () => {
    const { port } = await serve((_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    await expect(fetchFromHome(`http://${home}:${port}/`)).rejects.toMatchObject({
      code: 'picture.tooLarge',
    });
  });

  it('of a packed answer cannot grow, because none is unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(50 * 2 ** 20));
    const asked: unknown[] = [];
    const { port } = await serve(({ headers }, response) => {
      asked.push(headers['accept-encoding']);
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
    });
    await expect(fetchFromHome(`http://${home}:${port}/`)).rejects.toMatchObject({
      code: 'fetch.failed',
      message: expect.stringContaining('packed (gzip)'),
    });
    expect(asked).toEqual(['identity']);
  });
});

describe('an answer', () => {
  it.each(['image/png', 'text/html', 'application/octet-stream'])(
    'said to be %s is given as it is: its bytes tell what it is',
    async (type) => {
      const { port } = await serve((_, response) =>
        response.writeHead(200, { 'content-type': type }).end(bytes),
      );
      expect(Buffer.from(await fetchFromHome(`http://${home}:${port}/`))).toEqual(bytes);
    },
  );

  it.each([204, 206, 304, 403, 404, 500])('of status %i is no picture', async (status) => {
    const { port } = await serve((_, response) => response.writeHead(status).end());
    await expect(fetchFromHome(`http://${home}:${port}/`)).rejects.toMatchObject({
      code: 'fetch.failed',
      message: `${home}:${port} answered ${status} instead of a picture; check the address.`,
    });
  });

  it.each([
    ['does not begin', () => {}],
    ['stops after its headers', (_: unknown, response) => response.flushHeaders()],
    [
      'drips',
      (_: unknown, response) => {
        const drip = setInterval(() => response.write('.'), 20);
        response.once('close', () => clearInterval(drip));
      },
    ],
  ] satisfies [string, RequestListener][])('that %s is given up', async (_, listener) => {
    const { port } = await serve(listener);
    await expect(
      fetchFromHome(`http://${home}:${port}/`, { timeoutMs: 300 }),
    ).rejects.toMatchObject({
      code: 'fetch.failed',
      message: `${home} did not answer within 0.3 s; try again later.`,
    });
  });

  it('that breaks off is no picture', async () => {
    const { port } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half', () => response.destroy());
    });
    await expect(fetchFromHome(`http://${home}:${port}/`)).rejects.toMatchObject({
      code: 'fetch.failed',
    });
  });

  it('from a port where nobody listens is no picture', async () => {
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, home, resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    await expect(fetchFromHome(`http://${home}:${port}/`)).rejects.toMatchObject({
      code: 'fetch.failed',
      message: `${home} could not be reached; check the address.`,
    });
  });

  it('is dropped when it is aborted, before and while it comes', async () => {
    const { port, asked } = await serve((_, response) => response.flushHeaders());
    const url = `http://${home}:${port}/`;
    await expect(
      fetchFromHome(url, { signal: AbortSignal.abort(new Error('enough')) }),
    ).rejects.toThrow('enough');
    expect(asked).toEqual([]);
    const controller = new AbortController();
    const fetched = fetchFromHome(url, { signal: controller.signal });
    const rejected = expect(fetched).rejects.toMatchObject({ name: 'AbortError' });
    await expect.poll(() => asked.length).toBe(1);
    controller.abort();
    await rejected;
  });
});
