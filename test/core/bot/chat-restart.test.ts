import { describe, expect, it, onTestFinished } from 'vitest';
import { createChatPlatform } from '../../../packages/core/src/bot/chat-platform.ts';
import type { ChatService } from '../../../packages/core/src/bot/chat-service.ts';
import { type Bot, createBot } from '../../../packages/core/src/bot/create-bot.ts';
import type { ConversationId } from '../../../packages/core/src/conversation/message.ts';
import { openSqliteStore } from '../../../packages/core/src/store/sqlite/open-sqlite-store.ts';
import { type Script, ScriptedModel } from '../../../packages/core/src/testing/scripted-model.ts';
import { collect, pictureOf, sharpMedia } from './bot-fixture.ts';

const never = new Promise<void>(() => {});
/** An answer that is never whole. */
const endless: Script = { pieces: ['Half', ' an answer'], gate: never };

interface Running {
  service: ChatService;
  bot: Bot;
}

/** A store that outlives the bots on it, each with a chat of its own, as processes have one after another. */
async function newStore() {
  const store = await openSqliteStore({ path: ':memory:' });
  onTestFinished(() => store.close());
  return {
    store,
    async start(
      scripts: (Script | string)[],
      {
        maxConcurrentAnswers = 1,
        images = true,
        whileBusy = 'queue',
      }: { maxConcurrentAnswers?: number; images?: boolean; whileBusy?: 'queue' | 'replace' } = {},
    ): Promise<Running> {
      const model = new ScriptedModel(scripts, { images });
      const platform = createChatPlatform({ model: model.info, store, media: sharpMedia });
      const bot = createBot({
        model,
        store,
        media: platform.media,
        adapters: [platform.adapter],
        dataRule: null,
        whileBusy,
        limits: { maxConcurrentAnswers, maxOpenPerPerson: 100, perPerson: null, perTenant: null },
        log: { level: 'silent' },
      });
      await bot.start();
      onTestFinished(() => bot.stop({ drainMs: 0 }));
      return { service: platform.service, bot };
    },
  };
}

type Shop = Awaited<ReturnType<typeof newStore>>;

/** A bot that ends in the middle of an answer, with another question behind it. */
async function interrupted({ start }: Shop, { waits = false } = {}): Promise<ConversationId> {
  const { service, bot } = await start([endless]);
  const { id, events } = service.begin({ text: 'How many?' });
  for await (const event of events) if (event.type === 'text') break;
  if (waits) {
    const pictures = [{ bytes: await pictureOf(255), name: 'red.png' }];
    const second = service.send(id, { text: 'And now?', pictures });
    for await (const event of second) if (event.type === 'waiting') break;
  }
  await bot.stop({ drainMs: 0 });
  return id;
}

async function texts(service: ChatService, id: ConversationId): Promise<string[]> {
  const { messages } = await service.getConversation(id);
  return messages.map(({ role, text, status }) => `${role}: ${text} (${status})`);
}

describe('a chat whose bot was started again', () => {
  it('makes the answer that was interrupted, which can be followed', async () => {
    const shop = await newStore();
    const id = await interrupted(shop);
    const { promise, resolve } = Promise.withResolvers<void>();
    const { service } = await shop.start([{ pieces: ['Whole', '.'], gate: promise }]);
    await expect.poll(() => service.follow(id)).toBeDefined();
    const events = service.follow(id);
    resolve();
    const types = events && (await collect(events)).map(({ type }) => type);
    expect(types).toEqual(['accepted', 'prompt', 'text', 'text', 'end']);
    expect(await texts(service, id)).toEqual([
      'user: How many? (done)',
      'assistant: Whole. (done)',
    ]);
  });

  it('shows the question that still waits, and answers it in its turn', async () => {
    const shop = await newStore();
    const id = await interrupted(shop, { waits: true });
    const { promise, resolve } = Promise.withResolvers<void>();
    const { service } = await shop.start([{ pieces: ['One', '.'], gate: promise }, 'Two.']);
    await expect.poll(() => service.follow(id)).toBeDefined();
    const { messages, waiting } = await service.getConversation(id);
    expect(messages).toHaveLength(2);
    expect(waiting).toMatchObject([{ text: 'And now?', fileCount: 1 }]);
    resolve();
    await expect
      .poll(async () => (await texts(service, id)).slice(1))
      .toEqual(['assistant: One. (done)', 'user: And now? (done)', 'assistant: Two. (done)']);
    expect((await service.getConversation(id)).waiting).toEqual([]);
  });

  it('shows a question that its model can do nothing with, and says why', async () => {
    const shop = await newStore();
    const id = await interrupted(shop, { waits: true });
    const { service } = await shop.start(['Whole.', 'Never said.'], { images: false });
    await expect
      .poll(async () => (await texts(service, id)).slice(1))
      .toEqual(['assistant: Whole. (done)', 'user: And now? (done)', 'assistant:  (failed)']);
    const { messages, waiting } = await service.getConversation(id);
    expect(messages.at(-1)?.error).toMatchObject({ code: 'option.unsupported' });
    expect(waiting).toEqual([]);
  });

  it('stops the answer that was interrupted, before it is made again', async () => {
    const shop = await newStore();
    const id = await interrupted(shop);
    const idle = await shop.start([], { maxConcurrentAnswers: 0 });
    await idle.service.stop(id);
    await idle.bot.stop();
    const { service } = await shop.start(['Never said.']);
    await expect.poll(() => texts(service, id)).toContainEqual(expect.stringMatching(/stopped/));
    expect((await texts(service, id)).join()).not.toContain('Never said.');
  });

  it('says so in the place of an answer that ever more bots died of', async () => {
    const shop = await newStore();
    const id = await interrupted(shop);
    const { jobs } = shop.store;
    await expect
      .poll(
        async () => {
          const job = await jobs.lease(['chat'], 60_000);
          if (job !== undefined) await jobs.postpone(job, 0);
          return job?.attempts;
        },
        { interval: 1 },
      )
      .toBeGreaterThan(25);
    const { service } = await shop.start(['Never said.']);
    await expect.poll(() => texts(service, id)).toContainEqual(expect.stringMatching(/failed/));
    const { messages } = await service.getConversation(id);
    expect(messages.at(-1)?.error?.message).toBe('No answer came of this; please ask again.');
  });

  it('makes no answer in a conversation that was deleted meanwhile', async () => {
    const shop = await newStore();
    const id = await interrupted(shop, { waits: true });
    const { service } = await shop.start(['Never said.'], { maxConcurrentAnswers: 0 });
    await service.deleteConversation(id);
    expect(await shop.store.jobs.countOpen()).toBe(0);
    expect(await service.listConversations()).toEqual([]);
  });
});

describe('a question that waits for its turn', () => {
  it('is told to wait, shown as waiting, and then answered', async () => {
    const { start } = await newStore();
    const { promise, resolve } = Promise.withResolvers<void>();
    const { service } = await start([{ pieces: ['One', '.'], gate: promise }, 'Two.']);
    const first = service.begin({ text: 'First?' });
    for await (const event of first.events) if (event.type === 'text') break;
    const second = service.begin({ text: 'Second?' });
    for await (const event of second.events) if (event.type === 'waiting') break;
    const { messages, waiting, title } = await service.getConversation(second.id);
    expect([title, messages, waiting]).toMatchObject(['Second?', [], [{ text: 'Second?' }]]);
    resolve();
    const types = (await collect(second.events)).map(({ type }) => type);
    expect(types).toEqual(['waiting', 'accepted', 'prompt', 'text', 'end']);
  });

  it('leaves no conversation where it was to begin one and is stopped', async () => {
    const { start } = await newStore();
    const { service } = await start([], { maxConcurrentAnswers: 0 });
    const { id, events } = service.begin({ text: 'How many?' });
    for await (const event of events) if (event.type === 'waiting') break;
    await service.stop(id);
    await expect(collect(events)).rejects.toThrow('stopped before it was accepted');
    expect(await service.listConversations()).toEqual([]);
  });
});

describe('an answer that another question takes the place of', () => {
  it('ends where it is, for who follows it and for who looks later', async () => {
    const { start } = await newStore();
    const { service } = await start([endless, 'Two.'], { whileBusy: 'replace' });
    const { id, events } = service.begin({ text: 'First?' });
    for await (const event of events) if (event.type === 'text') break;
    const second = collect(service.send(id, { text: 'Second?' }));
    expect((await collect(events)).at(-1)?.type).toBe('end');
    expect((await second).at(-1)?.type).toBe('end');
    expect(await texts(service, id)).toEqual([
      'user: First? (done)',
      expect.stringMatching(/^assistant: .*\(stopped\)$/),
      'user: Second? (done)',
      'assistant: Two. (done)',
    ]);
    await service.close();
  });
});

describe('a first message that is not accepted', () => {
  it.each([
    ['it is empty', { text: ' ' }, 'chat.empty'],
    ['it is too long', { text: 'x'.repeat(100_001) }, 'chat.tooLong'],
    [
      'its picture is none',
      { text: 'What?', pictures: [{ bytes: Buffer.from('text') }] },
      'picture.notAnImage',
    ],
  ] as const)('leaves no conversation when %s', async (_, message, code) => {
    const { start } = await newStore();
    const { service } = await start([]);
    const { events } = service.begin(message);
    await expect(collect(events)).rejects.toMatchObject({ code });
    expect(await service.listConversations()).toEqual([]);
  });

  it('leaves no conversation when the bot has stopped', async () => {
    const { start } = await newStore();
    const { service, bot } = await start([]);
    await bot.stop();
    await expect(collect(service.begin({ text: 'Hello?' }).events)).rejects.toMatchObject({
      code: 'engine.closed',
    });
    expect(await service.listConversations()).toEqual([]);
  });
});
