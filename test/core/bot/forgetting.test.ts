import sharp from 'sharp';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type BotOptions, createBot } from '../../../packages/core/src/bot/create-bot.ts';
import { picturesOf } from '../../../packages/core/src/conversation/message.ts';
import type { Store } from '../../../packages/core/src/store/store.ts';
import { MemoryAdapter } from '../../../packages/core/src/testing/memory-adapter.ts';
import { type Script, ScriptedModel } from '../../../packages/core/src/testing/scripted-model.ts';
import { TestClock } from '../../../packages/core/src/testing/test-clock.ts';
import { plugin } from '../plugin/plugin-fixture.ts';
import { databases, type NewDatabase } from '../store/store-fixture.ts';
import { sharpMedia } from './bot-fixture.ts';

const ana = { id: 'ANA-ID', name: 'ANA-NAME' };
const ben = { id: 'BEN-ID', name: 'BEN-NAME' };
const dayMs = 86_400_000;

interface Setting extends Partial<BotOptions> {
  scripts?: (Script | string)[];
}

/** A started bot, and its database to look at. */
async function startBot(
  newDatabase: NewDatabase,
  { scripts = [], plugins = [], ...options }: Setting = {},
) {
  const database = await newDatabase();
  const store = await database();
  const adapter = new MemoryAdapter();
  const model = new ScriptedModel(scripts);
  const clock = new TestClock(Date.now());
  const bot = createBot({
    model,
    adapters: [adapter],
    store,
    media: sharpMedia,
    log: { level: 'silent' },
    plugins,
    clock,
    ...options,
    limits: { pollMs: 20, ...options.limits },
  });
  onTestFinished(() => bot.stop({ drainMs: 0 }));
  await bot.start();
  const idle = () => vi.waitFor(async () => expect(await store.jobs.countOpen()).toBe(0), 10_000);
  return { bot, adapter, model, store, clock, database, idle };
}

/** A picture that cannot be made smaller, so that its bytes are found as they are. */
async function noise(seed: number): Promise<Uint8Array> {
  let state = seed;
  const data = Buffer.from(
    Array.from({ length: 64 * 64 * 3 }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state >>> 24;
    }),
  );
  return sharp(data, { raw: { width: 64, height: 64, channels: 3 } })
    .png()
    .toBuffer();
}

/** Bytes from within each stored picture of a tenant. */
async function pictureMarks(store: Store, tenant: string): Promise<Uint8Array[]> {
  const conversations = store.forTenant(tenant);
  const marks: Uint8Array[] = [];
  for (const { id } of await conversations.listConversations())
    for (const message of await conversations.messagesOf(id))
      for (const { image } of picturesOf(message))
        marks.push((await conversations.pictureBytes(image)).subarray(1000, 1024));
  return marks;
}

describe.each(databases())('a bot that keeps its messages in %s', (_, newDatabase) => {
  it('forgets a person, and leaves no byte of theirs on the disk', async () => {
    const setting = await startBot(newDatabase, {
      scripts: ['ANA-ANSWER', 'BEN-ANSWER', 'BEN-SECOND'],
    });
    const { adapter, bot, store, database, idle, model } = setting;
    const asked = await adapter.say('ANA-QUESTION', {
      author: ana,
      pictures: [await noise(1)],
      quotes: [{ source: 'embed', text: 'ANA-EMBED' }],
    });
    await idle();
    await adapter.say('BEN-QUESTION', {
      author: ben,
      files: [{ bytes: await noise(7), author: ana, description: 'ANA-ALT' }],
      quotes: [
        { source: 'reply', author: ana.name, authorId: ana.id, text: 'ANA-QUOTED' },
        { source: 'history', author: 'Cleo', authorId: 'CLEO-ID', text: 'CLEO-QUOTED' },
      ],
    });
    await idle();
    await adapter.rate('up', { messageId: asked.messageId });
    const pictures = await pictureMarks(store, 'tenant');
    expect(pictures).toHaveLength(2);
    const theirs = [
      ...['ANA-QUESTION', 'ANA-ANSWER', 'ANA-EMBED', 'ANA-QUOTED', 'ANA-ALT', 'ANA-NAME', 'ANA-ID'],
      ...pictures,
    ];
    expect(await database.wordsOnDisk(theirs)).toHaveLength(theirs.length);

    const forgotten = await bot.forget({
      tenant: 'tenant',
      person: { adapter: 'memory', id: ana.id },
    });
    expect(forgotten).toEqual({ messages: 2 });
    expect(await store.overwriteDeleted()).toEqual([]);
    expect(await database.wordsOnDisk(theirs)).toEqual([]);
    const others = ['BEN-QUESTION', 'BEN-ANSWER', 'BEN-NAME', 'CLEO-QUOTED'];
    expect((await database.wordsOnDisk(others)).toSorted()).toEqual(others.toSorted());

    // The platform may deliver it again, and it is not answered again.
    expect(await adapter.deliver(asked)).toBe('known');
    await adapter.say('And now?', { author: ben });
    await idle();
    expect(JSON.stringify(model.prompts.at(-1))).not.toContain('ANA');
    expect(JSON.stringify(model.prompts.at(-1))).toContain('BEN-QUESTION');
    expect(model.prompts).toHaveLength(3);
  });

  it('forgets a person in the middle of an answer, and what waits is not answered', async () => {
    const gate = Promise.withResolvers<void>();
    const { adapter, bot, store, model, idle } = await startBot(newDatabase, {
      scripts: [{ pieces: ['ANA', '-ANSWER'], gate: gate.promise }],
    });
    await adapter.say('ANA-FIRST', { author: ana });
    await vi.waitFor(() => expect(model.running).toBe(1));
    await adapter.say('ANA-SECOND', { author: ana });
    await adapter.say('BEN-QUESTION', {
      author: ben,
      quotes: [{ source: 'reply', author: ana.name, authorId: ana.id, text: 'ANA-FIRST' }],
    });
    await bot.forget({ tenant: 'tenant', person: { adapter: 'memory', id: ana.id } });
    gate.resolve();
    await idle();
    expect(model.prompts).toHaveLength(2);
    expect(JSON.stringify(model.prompts[1])).not.toContain('ANA');
    const [conversation, ...more] = await store.forTenant('tenant').listConversations();
    expect(more).toEqual([]);
    if (conversation === undefined) throw new Error('There is no conversation.');
    const messages = await store.forTenant('tenant').messagesOf(conversation.id);
    expect(JSON.stringify(messages)).not.toContain('ANA');
  });

  it('forgets a tenant that its adapter says took the bot out', async () => {
    const { adapter, store, idle } = await startBot(newDatabase, {});
    await adapter.say('ANA-QUESTION', { author: ana });
    await adapter.say('BEN-QUESTION', { author: ben, tenant: 'other' });
    await idle();
    await adapter.leave('tenant');
    expect(await store.forTenant('tenant').listConversations()).toEqual([]);
    expect(await store.forTenant('other').listConversations()).toHaveLength(1);
  });

  it('tells adapters of which tenants they are to keep nothing in memory', async () => {
    const { adapter, bot, idle } = await startBot(newDatabase, {});
    const told: boolean[][] = [];
    Object.assign(adapter, {
      forgotten: (isMeant: (tenant: string) => boolean) =>
        told.push(['tenant', 'other', 'tenant'].map(isMeant)),
    });
    await adapter.say('ANA-QUESTION', { author: ana });
    await idle();
    await bot.forget({ tenant: 'tenant', person: { adapter: 'memory', id: ana.id } });
    expect(told).toEqual([[true, false, true]]);
  });

  it('forgets a tenant with the values of its plugins, and no other one', async () => {
    const keeper = plugin('keeper', ({ onMessage }) => {
      onMessage(async ({ storage, text }, next) => {
        await storage.set(text, { kept: text });
        await next();
      });
    });
    const { adapter, bot, store, database, idle } = await startBot(newDatabase, {
      plugins: [keeper],
    });
    for (const tenant of ['GOING', 'STAYING'])
      await adapter.say(`${tenant}-QUESTION`, { tenant, pictures: [await noise(2)] });
    await idle();
    expect(await bot.forget({ tenant: 'GOING' })).toEqual({ messages: 2 });
    await store.overwriteDeleted();
    const words = ['GOING', 'GOING-QUESTION', 'STAYING', 'STAYING-QUESTION'];
    expect((await database.wordsOnDisk(words)).toSorted()).toEqual(['STAYING', 'STAYING-QUESTION']);
    expect(await pictureMarks(store, 'STAYING')).toHaveLength(1);
  });

  it('tells plugins what to forget, and whoever asked when one of them cannot', async () => {
    const told: unknown[] = [];
    let isBroken = true;
    const keeper = plugin('keeper', ({ onForget }) => {
      onForget(async ({ storage: _, config: __, ...forgetting }) => void told.push(forgetting));
    });
    const broken = plugin('broken', ({ onForget }) => {
      onForget(async () => {
        if (isBroken) throw new Error('No.');
      });
    });
    const { adapter, bot, store, idle } = await startBot(newDatabase, {
      plugins: [keeper, broken],
    });
    await adapter.say('ANA-QUESTION', { author: ana });
    await idle();
    const request = { tenant: 'tenant', person: { adapter: 'memory', id: ana.id } };
    await expect(bot.forget(request)).rejects.toMatchObject({
      code: 'plugin.failed',
      message: expect.stringContaining('broken'),
    });
    expect(await store.forTenant('tenant').listConversations()).toEqual([]);
    isBroken = false;
    await bot.forget(request);
    expect(told).toEqual(Array(2).fill({ ...request, reason: 'person' }));
  });

  it('deletes what is older than it is kept, and what plugins keep by their own rules', async () => {
    const told: unknown[] = [];
    const keeper = plugin('keeper', ({ onMessage, onForget }) => {
      onMessage(async ({ storage }, next) => {
        await storage.set('seen', true);
        await next();
      });
      onForget(async ({ storage: _, config: __, ...forgetting }) => void told.push(forgetting));
    });
    const { adapter, store, clock, model, idle } = await startBot(newDatabase, {
      plugins: [keeper],
      keepDays: 10,
    });
    const conversations = store.forTenant('tenant');
    await adapter.say('OLD', { pictures: [await noise(3)] });
    await idle();
    await clock.advance(5 * dayMs);
    expect(await pictureMarks(store, 'tenant')).toHaveLength(1);
    await clock.advance(6 * dayMs);
    expect(await conversations.listConversations()).toEqual([]);
    expect(told).toContainEqual({ tenant: 'tenant', reason: 'age', beforeMs: expect.any(Number) });
    await adapter.say('NEW');
    await idle();
    expect(JSON.stringify(model.prompts.at(-1))).not.toContain('OLD');
  });

  it('keeps everything where it is told to', async () => {
    const { adapter, store, clock, idle } = await startBot(newDatabase, { keepDays: null });
    await adapter.say('OLD');
    await idle();
    await clock.advance(60 * dayMs);
    expect(await store.forTenant('tenant').listConversations()).toHaveLength(1);
  });
});

describe('how long messages are kept', () => {
  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('cannot be %s days', (keepDays) => {
    const adapters = [new MemoryAdapter()];
    const options = { model: new ScriptedModel(), adapters, store: {} as Store, keepDays };
    expect(() => createBot(options)).toThrow(/keepDays is .*; it is a number of days above 0/);
  });
});
