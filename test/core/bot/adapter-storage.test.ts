import { describe, expect, it, onTestFinished } from 'vitest';
import type { Adapter, AdapterHost } from '../../../packages/core/src/adapter/adapter.ts';
import { createBot } from '../../../packages/core/src/bot/create-bot.ts';
import { MemoryAdapter } from '../../../packages/core/src/testing/memory-adapter.ts';
import { ScriptedModel } from '../../../packages/core/src/testing/scripted-model.ts';
import { databases, type NewDatabase } from '../store/store-fixture.ts';
import { sharpMedia } from './bot-fixture.ts';

/** What a bot on the database lets an adapter ask. */
async function hostOf(database: Awaited<ReturnType<NewDatabase>>, name = 'memory') {
  const memory = new MemoryAdapter({ name });
  const { promise, resolve } = Promise.withResolvers<AdapterHost>();
  const adapter: Adapter = {
    name,
    capabilities: memory.capabilities,
    start: async (host) => resolve(host),
    stop: async () => {},
    post: (...given) => memory.post(...given),
  };
  const store = await database();
  const bot = createBot({
    model: new ScriptedModel([]),
    adapters: [adapter],
    store,
    media: sharpMedia,
    log: { level: 'silent' },
  });
  await bot.start();
  const end = async () => {
    await bot.stop({ drainMs: 0 });
    await store.close();
  };
  onTestFinished(end);
  return { host: await promise, store, end };
}

describe.each(databases())('what an adapter keeps in %s', (_, newDatabase) => {
  it('is there in a later process, in its tenant and for it alone', async () => {
    const database = await newDatabase();
    const first = await hostOf(database);
    await first.host.storage('T1').set('installation', { token: 'sealed' });
    await first.host.storage('T1').set('installation', { token: 'sealed anew' });
    await first.end();
    const { host, end } = await hostOf(database);
    expect(await host.storage('T1').get('installation')).toEqual({ token: 'sealed anew' });
    expect(await host.storage('T2').get('installation')).toBeUndefined();
    await end();
    const other = await hostOf(database, 'other');
    expect(await other.host.storage('T1').get('installation')).toBeUndefined();
  });

  it('can be taken back', async () => {
    const { host } = await hostOf(await newDatabase());
    await host.storage('T1').set('installation', { token: 'sealed' });
    await host.storage('T1').delete('installation');
    expect(await host.storage('T1').get('installation')).toBeUndefined();
  });

  it('is no plugin’s, whatever the plugin is called', async () => {
    const { host, store } = await hostOf(await newDatabase());
    await host.storage('T1').set('key', 'of the adapter');
    expect(await store.pluginStorage('memory', 'T1').get('key')).toBeUndefined();
  });

  it('is forgotten with its tenant, and stays when a person of it is', async () => {
    const { host } = await hostOf(await newDatabase());
    await host.storage('T1').set('installation', 'one');
    await host.storage('T2').set('installation', 'two');
    await host.forget('T1', 'a person');
    expect(await host.storage('T1').get('installation')).toBe('one');
    await host.forget('T1');
    expect(await host.storage('T1').get('installation')).toBeUndefined();
    expect(await host.storage('T2').get('installation')).toBe('two');
  });

  it('is JSON of at most 1 MiB', async () => {
    const { host } = await hostOf(await newDatabase());
    await expect(host.storage('T1').set('key', 'x'.repeat(2 ** 20))).rejects.toThrow(
      'What adapter:memory keeps cannot be stored: the value has 1048578 characters',
    );
  });
});
