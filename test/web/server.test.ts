import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChatService, createChatService, openSqliteStore, type Store } from '@vistazo/core';
import { createTestBot } from '@vistazo/core/testing';
import { startWebServer, type WebServer, type WebServerOptions } from '@vistazo/web';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ScriptedModel } from '../../packages/core/src/testing/scripted-model.ts';
import { GuessLimit } from '../../packages/web/src/guess-limit.ts';

const secret = 'a secret of many characters';
let folder: string;
let store: Store;
let service: ChatService;
let server: WebServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vistazo-web-'));
  store = await openSqliteStore({ path: join(folder, 'chat.sqlite') });
  service = await createChatService({ model: new ScriptedModel(), store });
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  await service.close();
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

async function start(options: Partial<WebServerOptions> = {}): Promise<string> {
  const log = { level: 'silent' as const };
  server = await startWebServer({ service, model: service.model, port: 0, log, ...options });
  return server.url;
}

/** fetch does not let a caller choose Host. */
function status(
  url: string,
  headers: Record<string, string>,
  method = 'GET',
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .once('error', reject)
      .end();
  });
}

describe('who may reach the server', () => {
  it('an address that others can reach needs a secret', async () => {
    await expect(start({ host: '0.0.0.0' })).rejects.toThrow(
      /set a secret of at least 16 characters/,
    );
  });

  it('a short secret is refused', async () => {
    await expect(start({ secret: 'short' })).rejects.toThrow(
      /The secret has 5 characters; use at least 16/,
    );
  });

  it('a request by a foreign host name is refused', async () => {
    const url = await start();
    expect(await status(url, { host: 'evil.example' })).toBe(403);
    expect(await status(url, { host: 'localhost' })).toBe(200);
  });

  it('a change asked for by a foreign page is refused', async () => {
    const url = `${await start()}/api/conversations`;
    expect(await status(url, { origin: 'http://evil.example' }, 'POST')).toBe(403);
    expect(await status(url, { 'sec-fetch-site': 'cross-site' }, 'POST')).toBe(403);
    expect(await status(url, { 'sec-fetch-site': 'same-origin' }, 'POST')).toBe(201);
  });

  it('with a secret, nothing is told without it', async () => {
    const url = await start({ secret });
    expect((await fetch(`${url}/api/conversations`)).status).toBe(401);
    const wrong = await fetch(`${url}/api/login`, {
      method: 'POST',
      body: JSON.stringify({ secret: 'x' }),
    });
    expect(wrong.status).toBe(401);
    const right = await fetch(`${url}/api/login`, {
      method: 'POST',
      body: JSON.stringify({ secret }),
    });
    const cookie = right.headers.getSetCookie()[0] ?? '';
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Strict/);
    const known = await fetch(`${url}/api/conversations`, {
      headers: { cookie: cookie.split(';')[0] ?? '' },
    });
    expect(known.status).toBe(200);
  });
});

describe('logging in', () => {
  it('counts the guesses of a network of IPv6 together, and of each IPv4 address by itself', () => {
    const limit = new GuessLimit();
    for (const last of ['::1', ':1:2:3:4', '::ffff']) limit.wrong(`2001:db8:1:2${last}`);
    expect(limit.waitMs('2001:db8:1:2::9')).toBeGreaterThan(0);
    expect(limit.waitMs('2001:db8:1:3::1')).toBe(0);
    for (const address of ['192.0.2.1', '::ffff:192.0.2.1', '192.0.2.1']) limit.wrong(address);
    expect(limit.waitMs('192.0.2.1')).toBeGreaterThan(0);
    expect(limit.waitMs('192.0.2.2')).toBe(0);
  });

  const logIn = (url: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${url}/api/login`, { method: 'POST', body: JSON.stringify(body), headers });
  const sessionOf = (response: Response) => response.headers.getSetCookie()[0] ?? '';
  const listWith = (url: string, cookie: string) =>
    status(`${url}/api/conversations`, { cookie: cookie.split(';')[0] ?? '' });

  it('gives a session that outlives a restart, and that another secret ends', async () => {
    const url = await start({ secret });
    const session = sessionOf(await logIn(url, { secret }));
    expect(session).not.toContain(encodeURIComponent(secret));
    expect(session).not.toContain(Buffer.from(secret).toString('base64url'));
    expect(sessionOf(await logIn(url, { secret }))).not.toBe(session);
    const again = async (known: string) => {
      await server?.close();
      return start({ secret: known });
    };
    expect(await listWith(await again(secret), session)).toBe(200);
    expect(await listWith(await again(`another ${secret}`), session)).toBe(401);
  });

  it('is not done with a session that was changed, or that is over', async () => {
    const url = await start({ secret });
    const [cookie = ''] = sessionOf(await logIn(url, { secret })).split(';');
    const [name, session = ''] = cookie.split('=');
    const [endsAtMs, nonce, signature = ''] = session.split('.');
    const later = [Number(endsAtMs) + 1, nonce, signature].join('.');
    for (const wrong of [later, session.slice(1), `${session}x`, '', '..', `${secret}`])
      expect(await listWith(url, `${name}=${encodeURIComponent(wrong)}`), wrong).toBe(401);
    const now = vi.spyOn(Date, 'now').mockReturnValue(Number(endsAtMs) + 1);
    onTestFinished(() => now.mockRestore());
    expect(await listWith(url, cookie)).toBe(401);
  });

  it('sends the session over https alone where the page is served so', async () => {
    const url = await start({ secret });
    const plain = sessionOf(await logIn(url, { secret }));
    expect(plain).not.toMatch(/Secure|__Host-/);
    const host = new URL(url).host;
    for (const header of [{ origin: `https://${host}` }, { 'x-forwarded-proto': 'https' }]) {
      const session = sessionOf(await logIn(url, { secret }, header));
      expect(session).toMatch(/^__Host-.*; Secure/);
      expect(await listWith(url, session)).toBe(200);
    }
  });

  it('has whoever is wrong too often wait, longer each time, also with the right secret', async () => {
    const lines: string[] = [];
    const log = { destination: { write: (line: string) => void lines.push(line) } };
    const url = await start({ secret, log });
    const nowMs = vi.spyOn(performance, 'now');
    onTestFinished(() => nowMs.mockRestore());
    let atMs = 0;
    nowMs.mockImplementation(() => atMs);
    const guess = async (given = 'guessed-nearly-right') =>
      (await logIn(url, { secret: given })).status;
    expect([await guess(), await guess(), await guess()]).toEqual([401, 401, 401]);
    expect([await guess(), await guess(secret)]).toEqual([429, 429]);
    const told = await logIn(url, { secret });
    expect(told.headers.get('retry-after')).toBe('1');
    expect(await told.json()).toMatchObject({ error: { code: 'access.tooFast' } });
    atMs += 1000;
    expect(await guess()).toBe(401);
    atMs += 1999;
    expect(await guess(secret)).toBe(429);
    atMs += 1;
    expect(await guess(secret)).toBe(200);
    expect([await guess(), await guess()]).toEqual([401, 401]);
    const logged = lines.map((line) => JSON.parse(line));
    expect(logged.map(({ msg, wrongGuesses }) => [msg, wrongGuesses])).toEqual(
      [1, 2, 3, 4, 1, 2].map((count) => ['secret refused', count]),
    );
    expect(lines.join()).not.toContain('nearly');
  });

  it('is one with the secret in a header: whoever guesses there waits too', async () => {
    const url = await start({ secret });
    const guess = (bearer: string) =>
      status(`${url}/metrics`, { authorization: `Bearer ${bearer}` });
    for (const _ of [1, 2, 3]) expect(await guess('guessed')).toBe(401);
    expect(await guess('guessed')).toBe(429);
    expect((await logIn(url, { secret })).status).toBe(429);
    // Who does not guess is told what is missing.
    expect(await status(`${url}/api/session`, {})).toBe(401);
  });

  it('reads no more of a request than a secret may have', async () => {
    const url = await start({ secret });
    const piece = new Uint8Array(2 ** 16).fill(97);
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        sent += piece.length;
        if (sent > 64 * 2 ** 20) controller.close();
        else controller.enqueue(piece);
      },
    });
    const streamed = { method: 'POST', body, duplex: 'half' };
    const endless = await fetch(`${url}/api/login`, streamed);
    expect(endless.status).toBe(413);
    expect(sent).toBeLessThan(32 * 2 ** 20);
    expect((await logIn(url, { secret: 'x'.repeat(20_000) })).status).toBe(413);
  });
});

describe('what is sent', () => {
  it('the page comes with a policy that lets no foreign script run', async () => {
    const response = await fetch(await start());
    expect(response.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('no file outside the page is served', async () => {
    const url = await start();
    for (const path of [
      '/..%2findex.js',
      '/%2e%2e/server.js',
      '//etc/passwd',
      '/../package.json',
    ]) {
      expect((await fetch(url + path)).status).toBe(404);
    }
  });

  it('a picture over the limit is refused with 413 and the conversation stays', async () => {
    const url = await start({ maxUploadBytes: 1000 });
    const { id } = await service.createConversation();
    const form = new FormData();
    form.set('text', 'What is this?');
    form.append('pictures', new File([new Uint8Array(5000)], 'big.png'));
    const response = await fetch(`${url}/api/conversations/${id}/messages`, {
      method: 'POST',
      body: form,
    });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ error: { code: 'picture.tooLarge' } });
    expect((await service.getConversation(id)).messages).toEqual([]);
  });

  it('an unknown conversation is 404', async () => {
    const response = await fetch(`${await start()}/api/conversations/nonsense`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: 'store.notFound' } });
  });
});

describe('a failure that only the operator can mend', () => {
  it('is logged by its code alone', async () => {
    const lines: string[] = [];
    const log = { destination: { write: (line: string) => void lines.push(line) } };
    const url = await start({ log });
    await store.close();
    const response = await fetch(`${url}/api/conversations`);
    expect(await response.json()).toMatchObject({ error: { code: 'store.failed' } });
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 50, code: 'store.failed', msg: 'page request failed' },
    ]);
    await fetch(`${url}/api/conversations/nonsense`);
    expect(lines).toHaveLength(1);
  });
});

describe('what operators ask of a bot', () => {
  it('is answered by the bot: its health to everybody, its metrics to who knows the secret', async () => {
    await using bot = await createTestBot();
    const url = await start({ secret, operations: bot.fetch });
    const ready = await fetch(`${url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready' }]);
    expect(await status(`${url}/healthz`, {}, 'HEAD')).toBe(200);
    expect((await fetch(`${url}/metrics`)).status).toBe(401);
    const metrics = await fetch(`${url}/metrics`, {
      headers: { authorization: `Bearer ${secret}` },
    });
    expect(await metrics.text()).toContain('vistazo_jobs_open 0');
    await bot.store.close();
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
  });

  it('is answered without a secret where only this machine reaches the server', async () => {
    await using bot = await createTestBot();
    const url = await start({ operations: bot.fetch });
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('vistazo_jobs_open 0');
    expect(await status(`${url}/metrics`, { host: 'evil.example' })).toBe(403);
  });
});

describe('a port in use', () => {
  it('is named with the mend', async () => {
    const port = Number(new URL(await start()).port);
    await expect(startWebServer({ service, model: service.model, port })).rejects.toThrow(
      `port ${port} is in use; choose another with --port`,
    );
  });
});
