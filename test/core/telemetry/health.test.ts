import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { createBot, createServerModel, definePlugin } from '../../../packages/core/src/index.ts';
import { openSqliteStore } from '../../../packages/core/src/store/sqlite/open-sqlite-store.ts';
import {
  createTestBot,
  MemoryAdapter,
  ScriptedModel,
} from '../../../packages/core/src/testing/index.ts';
import { CompletionServer } from '../backend/completion-server.ts';
import { startLoggingBot } from './telemetry-fixture.ts';

const ask = (path: string, method = 'GET') => new Request(`http://bot.internal${path}`, { method });

describe('the health of a bot', () => {
  it('is good while the process answers, and ready when every part is', async () => {
    const { bot } = await startLoggingBot();
    const alive = await bot.fetch(ask('/healthz'));
    expect([alive.status, await alive.json()]).toEqual([200, { status: 'ok' }]);
    const ready = await bot.fetch(ask('/readyz?from=probe'));
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready' }]);
    expect(ready.headers.get('cache-control')).toBe('no-store');
  });

  it('is not ready before it has started and after it has stopped', async () => {
    const store = await openSqliteStore({ path: ':memory:' });
    const adapters = [new MemoryAdapter(), new MemoryAdapter({ name: 'other' })];
    const log = { level: 'silent' } as const;
    const bot = createBot({ model: new ScriptedModel(), store, adapters, log });
    const statusOf = async () => {
      const response = await bot.fetch(ask('/readyz'));
      return [response.status, await response.json()];
    };
    const silent = { status: 'notReady', notReady: ['adapter memory', 'adapter other'] };
    expect(await statusOf()).toEqual([503, silent]);
    await bot.start();
    expect(await statusOf()).toEqual([200, { status: 'ready' }]);
    await bot.stop();
    expect(await statusOf()).toEqual([503, silent]);
    expect((await bot.fetch(ask('/healthz'))).status).toBe(200);
    await store.close();
  });

  it.each([
    [
      'store',
      async () => {
        const { bot } = await startLoggingBot();
        await bot.store.close();
        return bot;
      },
    ],
    [
      'store',
      async () => {
        const { bot } = await startLoggingBot();
        bot.store.jobs.countOpen = () => new Promise(() => {});
        return bot;
      },
    ],
    [
      'adapter memory',
      async () => {
        const adapter = Object.assign(new MemoryAdapter(), { isReady: () => false });
        return (await startLoggingBot({ adapter })).bot;
      },
    ],
    [
      'model',
      async () => {
        const model = Object.assign(new ScriptedModel(), { isReady: () => false });
        return (await startLoggingBot({ model })).bot;
      },
    ],
  ])('names the part that is not ready: %s', async (part, start) => {
    const bot = await start();
    const response = await bot.fetch(ask('/readyz'));
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ status: 'notReady', notReady: [part] });
  });

  it('is that of the servers that run the model', async () => {
    const server = await CompletionServer.start();
    onTestFinished(() => server.close());
    await server.script({ status: 429, headers: { 'retry-after': '3600' } });
    const model = createServerModel({ servers: [{ baseUrl: server.url, model: 'seeing' }] });
    await using bot = await createTestBot({ model });
    expect((await bot.fetch(ask('/readyz'))).status).toBe(200);
    await bot.ask('Hello?');
    const response = await bot.fetch(ask('/readyz'));
    expect(await response.json()).toEqual({ status: 'notReady', notReady: ['model'] });
    await model.close();
  });

  it('is served beside the routes of plugins', async () => {
    const tickets = definePlugin({
      name: 'tickets',
      version: '1.0.0',
      config: z.object({}),
      setup({ route }) {
        route('GET', '/open', () => Response.json([1, 2]));
        route('GET', '/broken', () => Promise.reject(new Error('of itself')));
      },
    });
    const { bot, lines } = await startLoggingBot({ plugins: [tickets({})] });
    expect(await (await bot.fetch(ask('/plugins/tickets/open'))).json()).toEqual([1, 2]);
    expect((await bot.fetch(ask('/plugins/tickets/closed'))).status).toBe(404);
    expect((await bot.fetch(ask('/plugins/tickets/broken'))).status).toBe(500);
    expect(await lines.one('plugin failed')).toMatchObject({ plugin: 'tickets' });
    expect((await bot.fetch(ask('/healthz'))).status).toBe(200);
  });

  it('comes with the metrics in the format of Prometheus', async () => {
    const { bot } = await startLoggingBot();
    const response = await bot.fetch(ask('/metrics'));
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await response.text()).toContain('# TYPE vistazo_turn_seconds histogram');
  });

  it.each([
    ['/', 'GET', 404],
    ['/healthz/', 'GET', 404],
    ['/constructor', 'GET', 404],
    ['/healthz', 'HEAD', 200],
    ['/readyz', 'POST', 405],
  ])('answers %s by %s with %i', async (path, method, status) => {
    const { bot } = await startLoggingBot();
    // It may be handed to a server by itself.
    const { fetch } = bot;
    expect((await fetch(ask(path, method))).status).toBe(status);
  });
});
