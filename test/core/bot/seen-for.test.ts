import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Adapter, AdapterHost } from '../../../packages/core/src/adapter/adapter.ts';
import { createBot } from '../../../packages/core/src/bot/create-bot.ts';
import { openSqliteStore } from '../../../packages/core/src/store/sqlite/open-sqlite-store.ts';
import { MemoryAdapter } from '../../../packages/core/src/testing/memory-adapter.ts';
import { ScriptedModel } from '../../../packages/core/src/testing/scripted-model.ts';
import { pictureOf, sharpMedia, temporaryFolder } from './bot-fixture.ts';

/** A bot whose adapter's host the test can ask. */
async function startBot(path: string, contextLengthTokens?: number) {
  const memory = new MemoryAdapter();
  const { promise, resolve } = Promise.withResolvers<AdapterHost>();
  const adapter: Adapter = {
    name: memory.name,
    capabilities: memory.capabilities,
    start: (host) => {
      resolve(host);
      return memory.start(host);
    },
    stop: () => memory.stop(),
    fetch: (url) => memory.fetch(url),
    post: (...given) => memory.post(...given),
    edit: (...given) => memory.edit(...given),
  };
  const store = await openSqliteStore({ path });
  const model = new ScriptedModel(
    [],
    contextLengthTokens === undefined ? {} : { contextLengthTokens },
  );
  const bot = createBot({
    model,
    store,
    adapters: [adapter],
    media: sharpMedia,
    log: { level: 'silent' },
    limits: { pollMs: 10 },
  });
  await bot.start();
  const stop = async () => {
    await bot.stop();
    await store.close();
  };
  onTestFinished(stop);
  return { memory, host: await promise, bot, stop };
}

const newPath = async () => `${await temporaryFolder()}/bot.sqlite`;

describe('what an adapter can ask of an answer', () => {
  it('is what the model saw, whose pictures, and which files could not be used, also in a later process', async () => {
    const path = await newPath();
    const first = await startBot(path);
    const files = [
      { bytes: await pictureOf(255), name: 'red.png', author: { id: 'ben', name: 'Ben' } },
      { bytes: Buffer.from('no picture'), name: 'broken.png' },
    ];
    const asked = await first.memory.say('Which colour?', { files });
    await first.memory.answerTo(asked.messageId, (text) => text.includes('broken.png'));
    await first.stop();
    const { host } = await startBot(path);
    const seen = await host.seenFor(asked);
    expect(seen).toMatchObject({
      pictures: [{ widthPx: 2, heightPx: 3, provenance: { author: 'Ben', name: 'red.png' } }],
      leftOut: [],
      notes: [expect.stringContaining('broken.png')],
    });
    expect(seen?.promptTokens).toBeGreaterThan(seen?.imageTokens ?? 0);
    expect(seen?.imageTokens).toBeGreaterThan(0);
  });

  it('names the pictures of the messages that the model saw, and not of those left out', async () => {
    const { memory, host } = await startBot(await newPath(), 110);
    const ask = async (name: string) => {
      const said = await memory.say('Which colour?', {
        files: [{ bytes: await pictureOf(255), name }],
      });
      await memory.answerTo(said.messageId);
      return said;
    };
    await ask('first.png');
    const second = await ask('second.png');
    const seen = await vi.waitUntil(() => host.seenFor(second));
    expect(seen.leftOut[0]).toMatchObject({ what: 'message', pictures: 1 });
    expect(seen.pictures.map(({ provenance }) => provenance?.name)).toEqual(['second.png']);
  });

  it('is nothing where nobody asked, and where who asked was forgotten', async () => {
    const { memory, host, bot } = await startBot(await newPath());
    const asked = await memory.say('Which colour?', { pictures: [await pictureOf(255)] });
    await memory.answerTo(asked.messageId);
    expect(await host.seenFor({ ...asked, messageId: 'unknown' })).toBeUndefined();
    expect(await host.seenFor({ ...asked, tenant: 'another' })).toBeUndefined();
    await expect.poll(async () => (await host.seenFor(asked))?.pictures).toHaveLength(1);
    await bot.forget({ tenant: asked.tenant, person: { adapter: 'memory', id: 'ana' } });
    expect(await host.seenFor(asked)).toBeUndefined();
  });

  it('is besides what somebody was answered last, until they are forgotten', async () => {
    const { memory, host, bot } = await startBot(await newPath());
    const ben = { id: 'ben', name: 'Ben' };
    const ask = async (text: string, message: Parameters<typeof memory.say>[1] = {}) => {
      const said = await memory.say(text, message);
      await memory.answerTo(said.messageId);
      return said;
    };
    const first = await ask('Which colour?');
    const second = await ask('Which form?', { conversationKey: 'another' });
    await ask('And who?', { author: ben });
    const answered = async (limit: number) =>
      (await host.answersTo('tenant', 'ana', limit)).map(({ messageId }) => messageId);
    await expect
      .poll(() => answered(10))
      .toEqual(expect.arrayContaining([first.messageId, second.messageId]));
    const [latest] = await host.answersTo('tenant', 'ana', 1);
    expect(latest?.beginning).toMatch(/^\S.{0,199}$/);
    expect(latest?.askedAtMs).toBeGreaterThan(0);
    expect(await host.answersTo('another', 'ana', 10)).toEqual([]);
    await bot.forget({ tenant: 'tenant', person: { adapter: 'memory', id: 'ana' } });
    expect(await answered(10)).toEqual([]);
    expect(await host.answersTo('tenant', 'ben', 10)).toHaveLength(1);
  });

  it('is besides which model it is and where it runs', async () => {
    const { host } = await startBot(await newPath(), 5000);
    expect(host.model).toEqual({
      id: 'scripted',
      runs: 'here',
      contextLengthTokens: 5000,
      images: true,
    });
  });
});
