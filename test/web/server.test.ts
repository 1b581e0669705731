import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChatService, createChatService, openSqliteStore, type Store } from '@vistazo/core';
import { createTestBot } from '@vistazo/core/testing';
import { startWebServer, type WebServer, type WebServerOptions } from '@vistazo/web';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ScriptedModel } from '../../packages/core/src/testing/scripted-model.ts';

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
  server = await startWebServer({ service, model: service.model, port: 0, ...options });
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
