import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { guardedPost, type PostOptions } from '@vistazo/core';
import { describe, expect, it, onTestFinished } from 'vitest';

/** A server on this machine, and what was posted to it. */
async function serve(status: number, { isSilent = false } = {}) {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    bodies.push(`${request.method} ${request.url} ${Buffer.concat(chunks)}`);
    if (!isSilent) response.writeHead(status, { location: '/elsewhere' }).end('an answer');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { bodies, port: (server.address() as AddressInfo).port };
}

const fromHome = (url: string, options: PostOptions = {}) =>
  guardedPost(url, 'a body', { allowAddress: (address) => address === '127.0.0.1', ...options });

describe('guarded post', () => {
  it('posts a body, and is content with any 2xx', async () => {
    const { bodies, port } = await serve(202);
    await fromHome(`http://127.0.0.1:${port}/tickets`);
    expect(bodies).toEqual(['POST /tickets a body']);
  });

  it.each([302, 307, 404, 500])(
    'fails for an answer of %i, and follows no redirect',
    async (status) => {
      const { bodies, port } = await serve(status);
      await expect(fromHome(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({
        code: 'fetch.failed',
        message: expect.stringContaining(`answered ${status}`),
      });
      expect(bodies).toHaveLength(1);
    },
  );

  it.each([
    ['this machine', 'http://127.0.0.1:1/'],
    ['this machine by name', 'http://localhost:1/'],
    ['this machine in IPv6', 'http://[::1]:1/'],
    ['a private network', 'http://10.1.2.3/'],
    ['addresses of clouds', 'http://169.254.169.254/latest'],
    ['other protocols', 'file:///etc/passwd'],
    ['addresses with a password', 'http://a:b@example.com/'],
    ['what is no address', 'nothing'],
  ])('refuses %s', async (_, url) => {
    await expect(guardedPost(url, '')).rejects.toMatchObject({ code: 'fetch.refused' });
  });

  it('posts to the hosts that are named alone', async () => {
    const { bodies, port } = await serve(200);
    const url = `http://127.0.0.1:${port}/upload`;
    await fromHome(url, { hosts: [{ host: `127.0.0.1:${port}` }] });
    await expect(fromHome(url, { hosts: [{ host: '*.example.com' }] })).rejects.toMatchObject({
      code: 'fetch.refused',
      message: expect.stringContaining('only *.example.com'),
    });
    expect(bodies).toHaveLength(1);
  });

  it('refuses a name that leads into a private network', async () => {
    const resolveName: PostOptions['resolveName'] = (_name, _options, callback) =>
      callback(null, [{ address: '192.168.0.9', family: 4 }]);
    await expect(guardedPost('http://hook.example/', '', { resolveName })).rejects.toMatchObject({
      code: 'fetch.refused',
    });
  });

  it('gives up on who does not answer, and with the reason of an abort', async () => {
    const { port } = await serve(200, { isSilent: true });
    const url = `http://127.0.0.1:${port}/`;
    await expect(fromHome(url, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'fetch.failed' });
    const reason = new Error('stopped');
    await expect(fromHome(url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
