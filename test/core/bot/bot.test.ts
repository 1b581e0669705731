import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { ReplyTarget } from '../../../packages/core/src/adapter/adapter.ts';
import { type BotOptions, createBot } from '../../../packages/core/src/bot/create-bot.ts';
import { VistazoError } from '../../../packages/core/src/errors.ts';
import { MemoryAdapter } from '../../../packages/core/src/testing/memory-adapter.ts';
import { type Script, ScriptedModel } from '../../../packages/core/src/testing/scripted-model.ts';
import { databases, type NewDatabase } from '../store/store-fixture.ts';
import { pictureOf, sharpMedia } from './bot-fixture.ts';

interface Setting extends Partial<BotOptions> {
  scripts?: Script[];
  adapter?: MemoryAdapter;
  images?: boolean;
}

/** A started bot on a platform in memory, with a scripted model and a real database. */
async function startBot(
  openStore: Awaited<ReturnType<NewDatabase>>,
  { scripts = [], adapter = new MemoryAdapter(), images = true, ...options }: Setting = {},
) {
  const store = options.store ?? (await openStore());
  const model = new ScriptedModel(scripts, { images });
  const bot = createBot({
    model,
    adapters: [adapter],
    store,
    media: sharpMedia,
    log: { level: 'silent' },
    ...options,
    limits: { pollMs: 20, leaseMs: 5000, ...options.limits },
  });
  onTestFinished(() => bot.stop({ drainMs: 0 }));
  await bot.start();
  return { bot, adapter, model, store };
}

const says = (...pieces: string[]): Script => ({ pieces });
const is = (wanted: string) => (text: string) => text === wanted;
const idle = async ({ store }: Awaited<ReturnType<typeof startBot>>) =>
  vi.waitFor(async () => expect(await store.jobs.countOpen()).toBe(0), 5000);

describe.each(databases())('a bot that keeps its messages in %s', (_, newDatabase) => {
  const start = async (setting?: Setting) => startBot(await newDatabase(), setting);

  it('answers a message with pictures, and knows the conversation so far', async () => {
    const { adapter, model } = await start({
      scripts: [says('Red', '.'), says('Blue', '.')],
      systemMessage: 'Be brief.',
    });
    const first = await adapter.say('Which colour?', { pictures: [await pictureOf(255)] });
    expect(await adapter.answerTo(first.messageId, is('Red.'))).toBe('Red.');
    const second = await adapter.say('And this?', { pictures: [await pictureOf(0, 0, 255)] });
    await adapter.answerTo(second.messageId, (text) => text.startsWith('Blue.'));
    expect(model.prompts.at(-1)?.map(({ role }) => role)).toEqual([
      'system',
      'user',
      'assistant',
      'user',
    ]);
  });

  it('answers a message once that is delivered again, also later', async () => {
    const setting = await start();
    const { adapter, model } = setting;
    const event = await adapter.say('Hello?');
    expect(await adapter.deliver(event)).toBe('known');
    await idle(setting);
    expect(await adapter.deliver(event)).toBe('known');
    await idle(setting);
    expect(adapter.posts.map(({ text }) => text)).toEqual(['Yes.']);
    expect(model.prompts).toHaveLength(1);
  });

  it('gives an answer up whose place is gone, and goes on', async () => {
    const setting = await start();
    const { adapter } = setting;
    let isGone = true;
    adapter.beforeCall = (call) => {
      if (call === 'post' && isGone)
        throw new VistazoError('platform.gone', 'The channel was deleted.');
    };
    await adapter.say('Hello?', { conversationKey: 'deleted' });
    await idle(setting);
    isGone = false;
    const { messageId } = await adapter.say('Hello?');
    await adapter.answerTo(messageId, is('Yes.'));
    expect(adapter.posts).toHaveLength(1);
  });

  it('makes no answer where the platform knows that it cannot post one, and goes on', async () => {
    const setting = await start();
    const { adapter, model } = setting;
    const asked: unknown[] = [];
    Object.assign(adapter, {
      requireToPost(target: ReplyTarget) {
        asked.push(target);
        if (target.conversationKey === 'forbidden')
          throw new VistazoError('platform.gone', 'The bot may not write there.');
      },
    });
    const { messageId: forbidden, tenant } = await adapter.say('Hello?', {
      conversationKey: 'forbidden',
    });
    await idle(setting);
    expect(model.prompts).toEqual([]);
    expect(asked).toEqual([{ tenant, conversationKey: 'forbidden', messageId: forbidden }]);
    const { messageId } = await adapter.say('Hello?');
    await adapter.answerTo(messageId, is('Yes.'));
    expect(adapter.posts).toHaveLength(1);
  });

  it('asks a platform again no sooner than it says', async () => {
    const { adapter } = await start({ adapter: new MemoryAdapter({ editMessages: false }) });
    const askedMs: number[] = [];
    adapter.beforeCall = (call) => {
      if (call !== 'post' || askedMs.push(performance.now()) > 1) return;
      throw Object.assign(new Error('Slow down.'), { retryAfterMs: 2500 });
    };
    const { messageId } = await adapter.say('Hello?');
    await adapter.answerTo(messageId, is('Yes.'));
    const [refused = 0, taken = 0] = askedMs;
    expect(taken - refused).toBeGreaterThan(2400);
  });

  it('posts an answer when it is whole where the platform has no room for one that grows', async () => {
    const gate = Promise.withResolvers<void>();
    const adapter = Object.assign(new MemoryAdapter(), { mayGrow: () => false });
    const setting = await start({
      adapter,
      scripts: [{ pieces: ['One', ' two.'], gate: gate.promise }],
    });
    const posted = vi.spyOn(adapter, 'post');
    const edited = vi.spyOn(adapter, 'edit');
    const { messageId } = await adapter.say('Count.');
    await vi.waitFor(() => expect(setting.model.running).toBe(1));
    gate.resolve();
    await adapter.answerTo(messageId, is('One two.'));
    expect(posted.mock.calls.map(([{ text }]) => text)).toEqual(['One two.']);
    expect(edited).not.toHaveBeenCalled();
  });

  it('tells a platform which posts an earlier attempt may have made', async () => {
    const { adapter } = await start({ adapter: new MemoryAdapter({ editMessages: false }) });
    const asked = vi.spyOn(adapter, 'post');
    let calls = 0;
    adapter.beforeCall = (call) => {
      if (call === 'post' && ++calls === 1) throw new Error('It fell over.');
    };
    const { messageId } = await adapter.say('Hello?');
    await adapter.answerTo(messageId, is('Yes.'));
    expect(asked.mock.calls.map(([{ mayBePosted }]) => mayBePosted)).toEqual([undefined, true]);
  });

  it('answers in order in one conversation, and side by side in several', async () => {
    const gate = Promise.withResolvers<void>();
    const setting = await start({ scripts: [{ pieces: ['A', 'A'], gate: gate.promise }] });
    const { adapter, model } = setting;
    await adapter.say('first');
    await vi.waitFor(() => expect(model.running).toBe(1));
    await adapter.say('second');
    const aside = await adapter.say('aside', { conversationKey: 'random' });
    await adapter.answerTo(aside.messageId, is('Yes.'));
    expect(model.prompts).toHaveLength(2);
    gate.resolve();
    await idle(setting);
    expect(model.prompts.at(-1)?.at(-1)?.content).toEqual([{ type: 'text', text: 'second' }]);
    expect(model.prompts.at(-1)).toHaveLength(3);
  });

  it('lets the answer grow in one message where the platform can edit', async () => {
    const gate = Promise.withResolvers<void>();
    const setting = await start({ scripts: [{ pieces: ['One', ' two.'], gate: gate.promise }] });
    const { adapter } = setting;
    const { messageId } = await adapter.say('Count.');
    await adapter.answerTo(messageId, is('One'));
    gate.resolve();
    await adapter.answerTo(messageId, is('One two.'));
    await idle(setting);
    expect(adapter.posts).toMatchObject([{ text: 'One two.' }]);
  });

  it('posts the whole answer at once where the platform cannot edit, in several messages when it is long', async () => {
    const adapter = new MemoryAdapter({ editMessages: false, maxTextLength: 100 });
    const words = Array.from({ length: 60 }, (_, index) => `word${index} `);
    const setting = await start({ adapter, scripts: [says(...words)] });
    await adapter.say('Talk.');
    await idle(setting);
    expect(adapter.posts.length).toBeGreaterThan(3);
    expect(adapter.posts.every(({ edits, text }) => edits === 0 && text.length <= 100)).toBe(true);
    expect(adapter.posts.map(({ text }) => text).join(' ')).toBe(words.join('').trim());
  });

  it('names each file it could not use, with the reason, and answers about the others', async () => {
    const setting = await start({ scripts: [says('Red.')] });
    const pictures = [Buffer.from('no picture'), await pictureOf(255)];
    const { messageId } = await setting.adapter.say('Which colour?', { pictures });
    await idle(setting);
    const text = setting.adapter.textFor(messageId);
    expect(text).toMatch(/^Red\.\n\npicture-1\.png: That is not a picture\.$/);
    const other = await setting.adapter.say('', { pictures: [Buffer.from('no picture')] });
    await idle(setting);
    expect(setting.adapter.textFor(other.messageId)).toBe('picture-1.png: That is not a picture.');
    expect(setting.model.prompts).toHaveLength(1);
  });

  it('fetches the files of a message while it waits, once, and forgets them when it is answered', async () => {
    const gate = Promise.withResolvers<void>();
    const setting = await start({ scripts: [{ pieces: ['A', '.'], gate: gate.promise }] });
    const { adapter, model, store } = setting;
    const fetches: string[] = [];
    const fetch = adapter.fetch.bind(adapter);
    adapter.fetch = (url) => {
      fetches.push(url);
      return fetch(url);
    };
    const pictures = [await pictureOf(255)];
    await adapter.say('First?', { pictures });
    await vi.waitFor(() => expect(model.running).toBe(1));
    await adapter.say('Second?', { pictures });
    await vi.waitFor(async () => expect(await store.jobs.unfetched(['memory'])).toEqual([]));
    // The address expires.
    adapter.beforeCall = (call) => {
      if (call === 'fetch') throw new VistazoError('fetch.failed', 'The file is gone.');
    };
    gate.resolve();
    await idle(setting);
    expect(fetches).toHaveLength(2);
    expect(model.prompts.at(-1)?.at(-1)?.content).toHaveLength(2);
    expect(adapter.posts.map(({ text }) => text)).toEqual(['A.', 'Yes.']);
  });

  it('fetches after a restart what was not yet fetched before', async () => {
    const open = await newDatabase();
    const first = await startBot(open, { limits: { maxConcurrentAnswers: 0 } });
    const { adapter } = first;
    adapter.beforeCall = () => {
      throw new VistazoError('fetch.failed', 'The platform is away.');
    };
    await adapter.say('Which colour?', { pictures: [await pictureOf(255)] });
    await first.bot.stop();
    expect(await first.store.jobs.unfetched(['memory'])).toHaveLength(1);
    await first.store.close();
    adapter.beforeCall = () => {};
    const second = await startBot(open, { adapter, limits: { maxConcurrentAnswers: 0 } });
    await vi.waitFor(async () => expect(await second.store.jobs.unfetched(['memory'])).toEqual([]));
    expect(await second.store.jobs.countOpen()).toBe(1);
  });

  it('says plainly that an answer failed, and goes on', async () => {
    const error = new VistazoError('engine.crashed', 'The engine ended; please ask again.');
    const setting = await start({ scripts: [{ pieces: ['So'], error }, says('Well.')] });
    const first = await setting.adapter.say('One?');
    const second = await setting.adapter.say('Two?');
    await idle(setting);
    expect(setting.adapter.textFor(first.messageId)).toBe('The engine ended; please ask again.');
    expect(setting.adapter.textFor(second.messageId)).toBe('Well.');
  });

  it('lets no answer mention anybody or bring a link that nobody wrote', async () => {
    const setting = await start({
      scripts: [says('@everyone: see https://evil.example ', 'or https://known.example/a.')],
    });
    const { messageId } = await setting.adapter.say('Is https://known.example/a safe?');
    await idle(setting);
    expect(setting.adapter.textFor(messageId)).toBe(
      '@\u200Beveryone: see https[:]//evil.example or https://known.example/a.',
    );
  });

  it('tells strangers nothing of faults within', async () => {
    const error = new VistazoError('internal', 'ENOENT /srv/secret');
    const setting = await start({ scripts: [{ pieces: ['So'], error }] });
    const { messageId } = await setting.adapter.say('One?');
    await idle(setting);
    expect(setting.adapter.textFor(messageId)).toBe('No answer came of this; please ask again.');
  });

  it('posts once although the platform fails, and although it fails after it posted', async () => {
    const setting = await start();
    const { adapter, model } = setting;
    const post = adapter.post.bind(adapter);
    let failures = 2;
    adapter.post = async (reply, options) => {
      if (failures-- === 2) throw new Error('The platform is away.');
      const id = await post(reply, options);
      if (failures === 0) throw new Error('The connection broke.');
      return id;
    };
    await adapter.say('Hello?');
    await vi.waitFor(async () => expect(await setting.store.jobs.countOpen()).toBe(0), 10_000);
    expect(adapter.posts.map(({ text }) => text)).toEqual(['Yes.']);
    expect(model.prompts).toHaveLength(1);
  }, 20_000);

  it('makes the answer anew in place when the question is changed, while it is made and after', async () => {
    const gate = Promise.withResolvers<void>();
    const setting = await start({
      scripts: [
        { pieces: ['A long', ' answer'], gate: gate.promise },
        says('Two.'),
        says('Three.'),
      ],
    });
    const { adapter, model } = setting;
    const event = await adapter.say('One?');
    await adapter.answerTo(event.messageId, is('A long'));
    await adapter.deliver({ ...event, type: 'edited', eventId: 'e1', text: 'Two?' });
    await adapter.answerTo(event.messageId, is('Two.'));
    await idle(setting);
    await adapter.deliver({ ...event, type: 'edited', eventId: 'e2', text: 'Three?' });
    await adapter.answerTo(event.messageId, is('Three.'));
    await idle(setting);
    expect(adapter.posts).toHaveLength(1);
    expect(model.prompts.at(-1)).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'Three?' }] },
    ]);
    gate.resolve();
  });

  it('takes its answer away and forgets what was said when the question is deleted', async () => {
    const setting = await start();
    const { adapter, model, store } = setting;
    const event = await adapter.say('A secret?', { pictures: [await pictureOf(255)] });
    await idle(setting);
    const [conversation] = await store.forTenant('tenant').listConversations();
    if (conversation === undefined) throw new Error('There is no conversation.');
    const kept = await store.forTenant('tenant').messagesOf(conversation.id);
    const picture = kept[0]?.parts.find(({ type }) => type === 'image');
    expect(picture).toBeDefined();
    await adapter.deliver({ ...event, type: 'deleted', eventId: 'd1' });
    await vi.waitFor(() => expect(adapter.posts).toEqual([]));
    const left = await store.forTenant('tenant').messagesOf(conversation.id);
    expect(left.map(({ parts }) => parts)).toEqual([[], []]);
    if (picture?.type === 'image')
      await expect(store.forTenant('tenant').picture(picture.image)).rejects.toMatchObject({
        code: 'picture.missing',
      });
    await adapter.say('Another?');
    await idle(setting);
    expect(model.prompts.at(-1)).toHaveLength(1);
  });

  it('stops an answer whose question is deleted', async () => {
    const gate = Promise.withResolvers<void>();
    const setting = await start({ scripts: [{ pieces: ['So', ' on'], gate: gate.promise }] });
    const { adapter, model } = setting;
    const event = await adapter.say('Talk.');
    await vi.waitFor(() => expect(model.running).toBe(1));
    await adapter.deliver({ ...event, type: 'deleted', eventId: 'd1' });
    await vi.waitFor(() => expect(model.running).toBe(0));
    gate.resolve();
  });

  it('leaves what it could not finish for the next start, which answers in place', async () => {
    const open = await newDatabase();
    const never = new Promise<void>(() => {});
    const first = await startBot(open, { scripts: [{ pieces: ['Half', ' way'], gate: never }] });
    const { adapter } = first;
    const one = await adapter.say('One?');
    const two = await adapter.say('Two?');
    await adapter.answerTo(one.messageId, is('Half'));
    await first.bot.stop({ drainMs: 0 });
    await first.store.close();
    const second = await startBot(open, { adapter, scripts: [says('Whole.'), says('Two.')] });
    await idle(second);
    expect(adapter.textFor(one.messageId)).toBe('Whole.');
    expect(adapter.textFor(two.messageId)).toBe('Two.');
    expect(adapter.posts).toHaveLength(2);
  });

  it('finishes what it is about when it is stopped', async () => {
    const gate = Promise.withResolvers<void>();
    const setting = await start({
      scripts: [{ pieces: ['One', ' two.'], gate: gate.promise }],
    });
    const { messageId } = await setting.adapter.say('Count.');
    await vi.waitFor(() => expect(setting.model.running).toBe(1));
    const stopping = setting.bot.stop();
    gate.resolve();
    await stopping;
    expect(setting.adapter.textFor(messageId)).toBe('One two.');
    await expect(setting.adapter.say('More.')).rejects.toThrow();
  });

  it('answers the newest message alone where newer ones replace', async () => {
    const gate = Promise.withResolvers<void>();
    const setting = await start({
      whileBusy: 'replace',
      scripts: [{ pieces: ['Old', ' news'], gate: gate.promise }, says('New.')],
    });
    const { adapter } = setting;
    await adapter.say('Old?');
    await vi.waitFor(() => expect(setting.model.running).toBe(1));
    const { messageId } = await adapter.say('New?');
    await adapter.answerTo(messageId, is('New.'));
    await vi.waitFor(() => expect(setting.model.running).toBe(0));
    gate.resolve();
    await idle(setting);
  });

  it('keeps tenants apart that use the same names', async () => {
    const setting = await start();
    await setting.adapter.say('Mine.', { tenant: 'a', messageId: '1' });
    await setting.adapter.say('Yours.', { tenant: 'b', messageId: '1' });
    await idle(setting);
    expect(setting.adapter.posts).toHaveLength(2);
    expect(setting.model.prompts.map((prompt) => prompt.length)).toEqual([1, 1]);
  });
});

describe('a bot', () => {
  const [[, newDatabase]] = databases() as [[string, NewDatabase]];

  it('refuses what is no event, and names what is wrong', async () => {
    const { adapter } = await startBot(await newDatabase());
    await expect(adapter.say('x', { tenant: '' })).rejects.toMatchObject({
      code: 'option.invalid',
      message: expect.stringContaining('tenant'),
    });
  });

  it.each([
    [{ limits: { maxPictures: 0 } }, 'maxPictures'],
    [{ limits: { maxPicture: 3 } }, 'maxPicture'],
    [{ whileBusy: 'wait' }, 'queue, replace, steer, debounce, drop'],
    [{ links: 'none' }, 'fromConversation, all'],
  ])('refuses the options %o', async (options, words) => {
    // As JavaScript would.
    const wrong = options as unknown as Setting;
    await expect(startBot(await newDatabase(), wrong)).rejects.toMatchObject({
      code: 'option.invalid',
      message: expect.stringContaining(words),
    });
  });

  it('stops the platforms that it started when another one does not start', async () => {
    const working = new MemoryAdapter();
    const broken = new MemoryAdapter({ name: 'broken' });
    broken.start = () => Promise.reject(new Error('Wrong token.'));
    const store = await (await newDatabase())();
    const model = new ScriptedModel();
    const bot = createBot({
      model,
      store,
      adapters: [working, broken],
      media: sharpMedia,
      log: { level: 'silent' },
    });
    await expect(bot.start()).rejects.toThrow('Wrong token.');
    await expect(working.say('Hello?')).rejects.toMatchObject({ code: 'engine.closed' });
  });

  it('needs adapters with names of their own', async () => {
    const adapters = [new MemoryAdapter(), new MemoryAdapter()];
    await expect(startBot(await newDatabase(), { adapters })).rejects.toMatchObject({
      code: 'option.invalid',
    });
  });
});
