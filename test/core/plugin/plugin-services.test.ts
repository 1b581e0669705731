import {
  createBot,
  imageIdSchema,
  openSqliteStore,
  type PluginContext,
  VistazoError,
} from '@vistazo/core';
import { MemoryAdapter, ScriptedModel, TestClock } from '@vistazo/core/testing';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { pictureOf } from '../bot/bot-fixture.ts';
import { databases } from '../store/store-fixture.ts';
import { plugin, startBot } from './plugin-fixture.ts';

describe('what a plugin tells the model', () => {
  it('stands after the system message, whenever the model is asked', async () => {
    const telling = plugin('telling', ({ prompt }) => {
      prompt('You know the rules.');
      prompt(({ author }) => (author.name === 'Bo' ? 'Bo is new here.' : undefined));
    });
    const { bot } = await startBot([telling], { systemMessage: 'Be brief.' });
    await bot.ask('Hi!');
    await bot.ask('Hi!', { author: { id: 'bo', name: 'Bo' }, conversationKey: 'other' });
    expect(bot.model.prompts.map(([system]) => system?.content)).toEqual([
      'Be brief.\n\nYou know the rules.',
      'Be brief.\n\nYou know the rules.\n\nBo is new here.',
    ]);
  });

  it('is left out when it fails, and the plugin is reported', async () => {
    const failing = plugin('failing', ({ prompt }) => {
      prompt(() => {
        throw new Error('no rules');
      });
      prompt('Others stay.');
    });
    const { bot, faults } = await startBot([failing]);
    expect(await bot.ask('Hi!')).toBe('Yes.');
    expect(bot.model.prompts[0]?.[0]?.content).toBe('Others stay.');
    expect(faults).toEqual(['failing: The plugin failing failed: no rules']);
  });
});

describe('middleware for some messages', () => {
  it('sees those with pictures, or with text', async () => {
    const seen: string[] = [];
    const picky = plugin('picky', ({ onMessage }) => {
      onMessage('pictures', async ({ pictures: [first] }, next) => {
        seen.push(
          `picture ${first.widthPx}x${first.heightPx}, ${(await first.bytes()).length > 0}`,
        );
        await next();
      });
      onMessage('text', async ({ text }, next) => {
        seen.push(`text ${text}`);
        await next();
      });
    });
    const { bot } = await startBot([picky]);
    await bot.ask('Hi!');
    await bot.ask('', { pictures: [await pictureOf(255)] });
    expect(seen).toEqual(['text Hi!', 'picture 2x3, true']);
  });
});

describe('the pictures of a conversation', () => {
  const looking = (seen: unknown[]) =>
    plugin('looking', ({ onMessage, command }) => {
      onMessage(async ({ conversationPictures }, next) => {
        const sizes = conversationPictures.map(
          async ({ bytes, perceptualHash: _, redacted: __, ...picture }) => ({
            ...picture,
            isThere: (await bytes()).length > 0,
          }),
        );
        seen.push(await Promise.all(sizes));
        await next();
      });
      command({
        name: 'first',
        description: 'Says what the first picture is',
        run: async ({ conversationPictures: [first], generate, reply }) =>
          reply(await generate({ prompt: 'What is it?', pictures: first ? [first.id] : [] })),
      });
    });

  it('have numbers and authors, the later ones after the earlier', async () => {
    const seen: unknown[] = [];
    const { bot } = await startBot([looking(seen)]);
    const [red, blue, green] = [
      await pictureOf(255),
      await pictureOf(0, 0, 255),
      await pictureOf(0, 255),
    ];
    await bot.ask('Look!', { pictures: [red] });
    await bot.ask('And these?', {
      pictures: [blue, green, red],
      author: { id: 'bo', name: 'Bo' },
    });
    const size = { id: expect.stringMatching(/^sha256:/), widthPx: 2, heightPx: 3, isThere: true };
    const first = { ...size, name: 'picture-1.png', number: 1, author: 'Ana' };
    expect(seen).toEqual([
      [{ ...first, isOfMessage: true }],
      [
        { ...first, isOfMessage: false },
        { ...size, name: 'picture-1.png', number: 2, author: 'Bo', isOfMessage: true },
        { ...size, name: 'picture-2.png', number: 3, author: 'Bo', isOfMessage: true },
        // It was there before.
        { ...first, name: 'picture-3.png', author: 'Bo', isOfMessage: true },
      ],
    ]);
  });

  it('can be asked about one by one', async () => {
    const { bot } = await startBot([looking([])], { answers: ['Nice.', 'Red.'] });
    await bot.ask('Look!', { pictures: [await pictureOf(255), await pictureOf(0, 255)] });
    expect(await bot.ask('/first')).toBe('Red.');
    expect(bot.model.prompts[1]?.[0]?.content).toEqual([
      { type: 'image', image: expect.stringMatching(/^sha256:/) },
      { type: 'text', text: 'What is it?' },
    ]);
  });

  it('are all that can be asked about', async () => {
    const curious = plugin('curious', ({ onMessage }) =>
      onMessage(async ({ generate, reply }) => {
        reply(await generate({ pictures: [imageIdSchema.parse(`sha256:${'0'.repeat(64)}`)] }));
      }),
    );
    const { bot, faults } = await startBot([curious]);
    expect(await bot.ask('Hi!')).toBe('Yes.');
    expect(faults).toEqual([expect.stringMatching(/sha256:0+ is none of this conversation/)]);
  });
});

describe('generate', () => {
  const ticketSchema = z.object({ product: z.string(), severity: z.enum(['low', 'high']) });

  it('gives a typed value about the message and its pictures', async () => {
    const triage = plugin('triage', ({ onMessage }) =>
      onMessage('pictures', async ({ generate, reply }) => {
        const ticket = await generate({ schema: ticketSchema, prompt: 'Fill in the ticket.' });
        reply(`${ticket.product}: ${ticket.severity}`);
      }),
    );
    const { bot } = await startBot([triage], {
      answers: ['Hello.', '{"product":"Mail","severity":"high"}'],
      systemMessage: 'Be kind.',
    });
    await bot.ask('Before.');
    expect(await bot.ask('It broke!', { pictures: [await pictureOf(255)] })).toBe('Mail: high');
    const [prompt] = bot.model.prompts.slice(1);
    expect(prompt).toEqual([
      {
        role: 'user',
        content: [
          { type: 'image', image: expect.stringMatching(/^sha256:/) },
          { type: 'text', text: 'Fill in the ticket.' },
        ],
      },
    ]);
  });

  it('gives a text where there is no schema, and the conversation before where that is wanted', async () => {
    const summing = plugin('summing', ({ command }) =>
      command({
        name: 'sum',
        description: 'Sums up',
        run: async ({ generate, reply }) => {
          reply(await generate({ prompt: 'Sum up.', instructions: 'Be brief.', history: true }));
        },
      }),
    );
    const { bot } = await startBot([summing], { answers: ['Hello.', 'They met.'] });
    await bot.ask('Hi!');
    expect(await bot.ask('/sum')).toBe('They met.');
    expect(bot.model.prompts[1]?.map(({ role }) => role)).toEqual([
      'system',
      'user',
      'assistant',
      'user',
    ]);
  });

  it('takes its time without being counted as the time of the plugin', async () => {
    const slow = plugin('slow', ({ onMessage }) =>
      onMessage(async ({ generate, reply }) => reply(await generate({}))),
    );
    const gate = new Promise<void>((resolve) => setTimeout(resolve, 200));
    const { bot, faults } = await startBot([slow], {
      answers: [{ pieces: ['At ', 'last.'], gate }],
      limits: { pluginTimeoutMs: 50 },
    });
    expect(await bot.ask('Hi!')).toBe('At last.');
    expect(faults).toEqual([]);
  });

  it('that gives no such value is a fault of the plugin, which says so, and the model answers', async () => {
    const triage = plugin('triage', ({ onMessage }) =>
      onMessage(async ({ generate, reply }) => {
        reply((await generate({ schema: ticketSchema })).product);
      }),
    );
    const { bot, faults } = await startBot([triage], { answers: ['no JSON', 'Yes.'] });
    expect(await bot.ask('Hi!')).toBe('Yes.');
    expect(faults).toEqual([expect.stringMatching(/^triage: The plugin triage failed: .*JSON/)]);
  });
});

describe('feedback', () => {
  const listening = (seen: unknown[]) =>
    plugin('listening', ({ onFeedback }) =>
      onFeedback(async ({ rating, comment, question, answer, storage }) => {
        seen.push({ rating, comment, question, answer });
        await storage.set('last', rating);
      }),
    );

  it('is kept with the answer, and plugins are told', async () => {
    const seen: unknown[] = [];
    const { bot } = await startBot([listening(seen)], { answers: ['Red.'] });
    await bot.ask('Which colour?');
    await bot.rate('down', { comment: 'It is blue.' });
    await vi.waitFor(
      () =>
        expect(seen).toEqual([
          { rating: 'down', comment: 'It is blue.', question: 'Which colour?', answer: 'Red.' },
        ]),
      20_000,
    );
    const store = bot.store.forTenant('tenant');
    const [conversation] = await store.listConversations();
    if (conversation === undefined) throw new Error('There is no conversation.');
    expect((await store.messagesOf(conversation.id)).map(({ rating }) => rating)).toEqual([
      undefined,
      'down',
    ]);
  });

  it('that is delivered again is told once', async () => {
    const seen: unknown[] = [];
    const { bot } = await startBot([listening(seen)]);
    const { messageId, conversationKey, tenant } = await bot.adapter.say('Hi!');
    await bot.idle();
    const author = { id: 'bo', name: 'Bo' };
    const event = {
      eventId: '1',
      tenant,
      conversationKey,
      messageId,
      author,
      rating: 'up',
    } as const;
    expect(await bot.adapter.deliver({ type: 'feedback', ...event })).toBe('accepted');
    expect(await bot.adapter.deliver({ type: 'feedback', ...event })).toBe('known');
    await vi.waitFor(() => expect(seen).toHaveLength(1), 20_000);
  });

  it('that plugins cannot be told, as the store fails, is kept and ends nothing', async () => {
    const { bot, down, lines } = await botOnFailingStore();
    await bot.ask('Hi!');
    down.isDown = true;
    await bot.rate('up');
    await expect.poll(() => lines.join('')).toContain('store.failed');
    down.isDown = false;
    expect(await bot.ask('Still there?')).toBe('Yes.');
  });

  it('on an answer that is gone has nothing to say about it', async () => {
    const seen: unknown[] = [];
    const { bot } = await startBot([listening(seen)]);
    const event = await bot.adapter.say('Hi!');
    await bot.idle();
    await bot.rate('up');
    await bot.adapter.deliver({ ...event, type: 'deleted', eventId: 'gone' });
    await bot.adapter.deliver({
      ...event,
      type: 'feedback',
      eventId: 'late',
      rating: 'down',
      messageId: 'never there',
    });
    await vi.waitFor(() => expect(seen).toHaveLength(2), 20_000);
    expect(seen[1]).toEqual({ rating: 'down', comment: undefined, question: '', answer: '' });
  });
});

describe('scheduled work', () => {
  const hourMs = 3_600_000;

  it('is done at its times, and not after the bot stopped', async () => {
    const times: string[] = [];
    const daily = plugin('daily', ({ schedule }) => {
      const run = async ({ atMs }: { atMs: number }) =>
        void times.push(new Date(atMs).toISOString());
      schedule({ name: 'digest', every: '30 9 * * *', timeZone: 'Europe/Madrid', run });
      schedule({ name: 'often', every: 12 * hourMs, run });
    });
    const { bot } = await startBot([daily]);
    await bot.clock.advance(24 * hourMs);
    expect(times).toEqual([
      '2026-01-01T08:30:00.000Z',
      '2026-01-01T12:00:00.000Z',
      '2026-01-02T00:00:00.000Z',
    ]);
    await bot.close();
    await bot.clock.advance(24 * hourMs);
    expect(times).toHaveLength(3);
  });

  it('that fails is reported, and done again the next time', async () => {
    const failing = plugin('failing', ({ schedule }) =>
      schedule({ name: 'fail', every: hourMs, run: () => Promise.reject(new Error('not now')) }),
    );
    const { bot, faults } = await startBot([failing]);
    await bot.clock.advance(2 * hourMs);
    expect(faults).toHaveLength(2);
  });

  it.each([
    [500, /is shorter than 1000 ms/],
    ['every day', /is no cron of five fields/],
    ['99 9 * * *', /is no cron of five fields/],
  ])('at no times leaves its plugin out: %s', async (every, fault) => {
    const bad = plugin('bad', ({ schedule }) => schedule({ name: 'bad', every, run: () => {} }));
    expect((await startBot([bad])).faults).toEqual([expect.stringMatching(fault)]);
  });

  describe.each(databases())('with the times in %s', (_, newDatabase) => {
    it('is done in one of the bots that share it', async () => {
      const open = await newDatabase();
      const store = await open();
      const clock = new TestClock();
      const runs: number[] = [];
      const counting = plugin('counting', ({ schedule }) =>
        schedule({ name: 'count', every: hourMs, run: async ({ atMs }) => void runs.push(atMs) }),
      );
      for (const name of ['one', 'two']) {
        const bot = createBot({
          model: new ScriptedModel([]),
          store,
          adapters: [new MemoryAdapter({ name })],
          plugins: [counting],
          clock,
        });
        onTestFinished(() => bot.stop({ drainMs: 0 }));
        await bot.start();
      }
      await clock.advance(3 * hourMs);
      expect(runs).toHaveLength(3);
    });
  });
});

describe('an announcement', () => {
  const announcing = (context: { announce?: PluginContext<unknown>['announce'] }) =>
    plugin('announcing', ({ announce }) => {
      context.announce = announce;
    });

  it('is posted once for its key, harmless, and in as many messages as it takes', async () => {
    const context: { announce?: PluginContext<unknown>['announce'] } = {};
    const { bot } = await startBot([announcing(context)], {}, { maxTextLength: 100 });
    const place = { adapter: 'memory', tenant: 'tenant', conversationKey: 'news' };
    const text = `@everyone ${'word '.repeat(30)}https://ops.example/1`;
    await context.announce?.({ ...place, text, key: 'monday' });
    await context.announce?.({ ...place, text: 'Again.', key: 'monday' });
    await bot.idle();
    expect(bot.adapter.posts).toHaveLength(2);
    expect(bot.adapter.posts[0]).toMatchObject({ conversationKey: 'news', isAnnouncement: true });
    const said = bot.adapter.posts.map((post) => post.text).join(' ');
    expect(said).toMatch(/^@\u200Beveryone word/);
    expect(said).toMatch(/https:\/\/ops\.example\/1$/);
    expect(bot.model.prompts).toEqual([]);
  });

  it('for a platform that the bot is not on is refused', async () => {
    const context: { announce?: PluginContext<unknown>['announce'] } = {};
    await startBot([announcing(context)]);
    const place = { adapter: 'elsewhere', tenant: 'tenant', conversationKey: 'news' };
    await expect(context.announce?.({ ...place, text: 'Hi!', key: '1' })).rejects.toMatchObject({
      code: 'option.invalid',
      message: 'There is no adapter "elsewhere" to announce something with; the bot has [memory].',
    });
  });
});

describe('what a plugin tells operators', () => {
  it('stands in the log under its name, and beside the metrics of the bot', async () => {
    const lines: string[] = [];
    const counting = plugin('word-count', ({ onMessage, log, metrics }) => {
      const words = metrics.counter('words', 'Words that people wrote.');
      const last = metrics.gauge('last_words', 'Words of the last message.');
      const length = metrics.histogram('message_words', 'Words of a message.', [1, 10]);
      onMessage(async ({ text }, next) => {
        const count = text.split(' ').length;
        words.inc(count);
        last.set(count);
        length.observe(count);
        log.child({ step: 'counted' }).info({ count }, 'words counted');
        await next();
      });
    });
    const { bot } = await startBot([counting], {
      log: { destination: { write: (line) => void lines.push(line) } },
    });
    await bot.ask('One two three');
    await bot.plugins.reload([counting]);
    await bot.ask('Four');
    const written = lines
      .map((line) => JSON.parse(line))
      .find(({ msg }) => msg === 'words counted');
    expect(written).toMatchObject({ level: 30, plugin: 'word-count', step: 'counted', count: 3 });
    const metrics = await bot.metrics();
    expect(metrics).toContain('\nvistazo_plugin_word_count_words_total 4\n');
    expect(metrics).toContain('\nvistazo_plugin_word_count_last_words 1\n');
    expect(metrics).toContain('\nvistazo_plugin_word_count_message_words_bucket{le="1"} 1\n');
  });

  it('by a name that is none leaves the plugin out', async () => {
    const bad = plugin('bad', ({ metrics }) => void metrics.gauge('Words!', 'Words.'));
    expect((await startBot([bad])).faults).toEqual([
      'bad: The metric "Words!" of the plugin bad is not valid: small letters, digits and _, a letter first.',
    ]);
  });
});

describe('the routes of a plugin', () => {
  const serving = plugin('serving', ({ route }) => {
    route('GET', '/tickets', () => Response.json([1, 2]));
    route(
      'POST',
      '/tickets',
      async (request) => new Response(await request.text(), { status: 201 }),
    );
    route('GET', '/broken', () => Promise.reject(new Error('of itself')));
  });

  it.each([
    ['GET', '/plugins/serving/tickets', 200, '[1,2]'],
    ['POST', '/plugins/serving/tickets', 201, 'new'],
    ['DELETE', '/plugins/serving/tickets', 405, 'Not allowed.'],
    ['GET', '/plugins/serving/other', 404, 'Not found.'],
    ['GET', '/plugins/absent/tickets', 404, 'Not found.'],
    ['GET', '/plugins/serving/broken', 500, 'The plugin failed.'],
  ])('answer %s %s with %i', async (method, path, status, body) => {
    const { bot } = await startBot([serving]);
    const request = new Request(`http://bot.example${path}`, {
      method,
      ...(method === 'POST' && { body: 'new' }),
    });
    const response = await bot.fetch(request);
    expect([response.status, await response.text()]).toEqual([status, body]);
  });

  it.each(['tickets', '/tick ets', '/a//b', '/../etc'])('must be a path: %s', async (path) => {
    const bad = plugin('bad', ({ route }) => route('GET', path, () => new Response()));
    expect((await startBot([bad])).faults).toEqual([
      expect.stringMatching(/is not valid: it must be a path/),
    ]);
  });
});

/** A bot with a plugin, on a store whose values of plugins cannot be read while `down.isDown`. */
async function botOnFailingStore() {
  const down = { isDown: false };
  const lines: string[] = [];
  const store = await openSqliteStore({ path: ':memory:' });
  const pluginStorage = store.pluginStorage.bind(store);
  store.pluginStorage = (...of) => {
    const values = pluginStorage(...of);
    const get = values.get.bind(values);
    values.get = async (key) => {
      if (down.isDown) throw new VistazoError('store.failed', 'The database cannot be used.');
      return get(key);
    };
    return values;
  };
  const rated = plugin('rated', ({ onFeedback }) => onFeedback(async () => {}));
  const log = { destination: { write: (line: string) => void lines.push(line) } };
  const { bot } = await startBot([rated], { store, log, answers: ['Hello.', 'Yes.'] });
  onTestFinished(() => store.close());
  return { bot, down, lines };
}
