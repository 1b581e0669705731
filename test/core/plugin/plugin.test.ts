import { definePlugin, type VistazoError } from '@vistazo/core';
import { createTestBot } from '@vistazo/core/testing';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { z as zod3 } from 'zod/v3';
import { plugin, startBot } from './plugin-fixture.ts';

describe('a plugin', () => {
  it('answers in place of the model, and the conversation remembers what it said', async () => {
    const ping = plugin('ping', ({ onMessage }) =>
      onMessage(async (message, next) => {
        if (message.text === 'ping') message.reply('pong');
        await next();
      }),
    );
    const { bot } = await startBot([ping], { answers: ['Hello.'] });
    expect(await bot.ask('ping')).toBe('pong');
    expect(await bot.ask('Hi!')).toBe('Hello.');
    expect(bot.model.prompts).toHaveLength(1);
    expect(bot.model.prompts[0]?.[1]).toEqual({
      role: 'assistant',
      content: [{ type: 'text', text: 'pong' }],
    });
  });

  it('instructs the model, and changes what it said before it is posted', async () => {
    const polite = plugin('polite', ({ onMessage, onAnswer }) => {
      onMessage(async ({ instructions, author }, next) => {
        instructions.push(`You speak with ${author.name}.`);
        await next();
      });
      onAnswer(async (answer, next) => {
        await next();
        answer.text = `${answer.text} Anything else, ${answer.message.author.name}?`;
      });
    });
    const { bot } = await startBot([polite], { answers: ['Red.'], systemMessage: 'Be brief.' });
    expect(await bot.ask('Which colour?')).toBe('Red. Anything else, Ana?');
    expect(bot.model.prompts[0]?.[0]).toEqual({
      role: 'system',
      content: 'Be brief.\n\nYou speak with Ana.',
    });
  });

  it("may reply with a link, which is the operator's", async () => {
    const help = plugin('help', ({ onMessage }) =>
      onMessage(async (message) => message.reply('See https://help.example/start.')),
    );
    const { bot } = await startBot([help]);
    expect(await bot.ask('Help!')).toBe('See https://help.example/start.');
  });

  it('cannot make an answer mention everybody', async () => {
    const loud = plugin('loud', ({ onAnswer }) =>
      onAnswer(async (answer) => {
        answer.text = `@everyone ${answer.text}`;
      }),
    );
    const { bot } = await startBot([loud]);
    expect(await bot.ask('Hi!')).toBe('@\u200Beveryone Yes.');
  });

  it('is asked in the order of dependencies, and on the way back the other way round', async () => {
    const order: string[] = [];
    const logging = (name: string, dependsOn: string[]) =>
      plugin(
        name,
        ({ onMessage, onAnswer }) => {
          onMessage(async (_, next) => {
            order.push(name);
            await next();
          });
          onAnswer(async (_, next) => {
            order.push(`${name} back`);
            await next();
          });
        },
        dependsOn,
      );
    const { bot } = await startBot([logging('b', ['c']), logging('a', []), logging('c', [])]);
    await bot.ask('Hi!');
    expect(order).toEqual(['c', 'b', 'a', 'a back', 'b back', 'c back']);
  });

  it.each([
    ['throws', async () => Promise.reject(new Error('of itself'))],
    [
      'throws after what comes next',
      async (_: unknown, next: () => Promise<void>) => {
        await next();
        throw new Error('of itself');
      },
    ],
    ['never ends', () => new Promise<void>(() => {})],
    [
      'asks for what comes next twice',
      async (_: unknown, next: () => Promise<void>) => {
        await next();
        await next();
      },
    ],
  ])('that %s is reported by name, and the answer comes without it', async (_, middleware) => {
    const faulty = plugin('faulty', ({ onMessage }) => onMessage(middleware));
    const after = plugin('after', ({ onMessage }) =>
      onMessage(async ({ instructions }, next) => {
        instructions.push('after');
        await next();
      }),
    );
    const { bot, faults } = await startBot([faulty, after], { limits: { pluginTimeoutMs: 50 } });
    expect(await bot.ask('Hi!')).toBe('Yes.');
    expect(faults).toEqual([expect.stringMatching(/^faulty: The plugin faulty /)]);
    expect(bot.model.prompts[0]?.[0]?.content).toBe('after');
  });

  it('that keeps the rest from being asked does so', async () => {
    const stop = plugin('stop', ({ onMessage }) =>
      onMessage(async (message) => message.reply('Stop.')),
    );
    const never = plugin('never', ({ onMessage }) =>
      onMessage(async () => {
        throw new Error('It was asked.');
      }),
    );
    const { bot, faults } = await startBot([stop, never]);
    expect(await bot.ask('Hi!')).toBe('Stop.');
    expect(faults).toEqual([]);
  });

  it('that cannot be set up is left out, with those that need it', async () => {
    const faulty = plugin('faulty', () => {
      throw new Error('There is no key.');
    });
    const needy = plugin('needy', ({ onMessage }) => onMessage(async (m) => m.reply('x')), [
      'faulty',
    ]);
    const { bot, faults } = await startBot([faulty, needy]);
    expect(await bot.ask('Hi!')).toBe('Yes.');
    expect(faults).toEqual([
      'faulty: The plugin faulty failed: There is no key.',
      expect.stringContaining('needy: The plugin needy is left out'),
    ]);
  });

  it('starts with the bot and stops with it, the last one first', async () => {
    const order: string[] = [];
    const living = (name: string) =>
      plugin(name, ({ onStart }) =>
        onStart(async () => {
          order.push(`start ${name}`);
          return async () => void order.push(`stop ${name}`);
        }),
      );
    const bot = await createTestBot({ plugins: [living('one'), living('two')] });
    await bot.close();
    expect(order).toEqual(['start one', 'start two', 'stop two', 'stop one']);
  });

  it('keeps values for each tenant, which no other plugin or tenant sees', async () => {
    const counting = (name: string) =>
      plugin(name, ({ onMessage, storage }) =>
        onMessage(async (message, next) => {
          const values = storage(message.tenant);
          const count =
            z
              .number()
              .catch(0)
              .parse(await values.get('count')) + 1;
          await values.set('count', count);
          message.instructions.push(`${name} ${count} of ${(await values.keys()).join()}`);
          await next();
        }),
      );
    const { bot } = await startBot([counting('one'), counting('two')]);
    const systemOf = async (tenant: string) => {
      await bot.ask('Hi!', { tenant });
      return bot.model.prompts.at(-1)?.[0]?.content;
    };
    expect(await systemOf('a')).toBe('one 1 of count\n\ntwo 1 of count');
    expect(await systemOf('a')).toBe('one 2 of count\n\ntwo 2 of count');
    expect(await systemOf('b')).toBe('one 1 of count\n\ntwo 1 of count');
  });

  it('cannot store what is no JSON, or too much', async () => {
    const refused: unknown[] = [];
    const circle: unknown[] = [];
    circle.push(circle);
    const storing = plugin('storing', ({ onMessage, storage }) =>
      onMessage(async ({ tenant }, next) => {
        const values = storage(tenant);
        for (const [key, value] of [
          ['', 1],
          ['k', undefined],
          ['k', 10n],
          ['k', circle],
          ['k', 'x'.repeat(2 ** 20)],
        ] as const)
          await values.set(key, value).catch((error: VistazoError) => refused.push(error.code));
        await next();
      }),
    );
    const { bot } = await startBot([storing]);
    await bot.ask('Hi!');
    expect(refused).toEqual(Array(5).fill('option.invalid'));
  });

  it('has a configuration that its schema checks, with defaults', async () => {
    const greeter = definePlugin({
      name: 'greeter',
      version: '1.0.0',
      config: z.object({ word: z.string().min(1), mark: z.string().default('!') }),
      setup: ({ config, onMessage }) =>
        onMessage(async (message) => message.reply(config.word + config.mark)),
    });
    const { bot } = await startBot([greeter({ word: 'Hello' })]);
    expect(await bot.ask('Hi!')).toBe('Hello!');
    expect(() => greeter({ word: '' })).toThrow(/plugin greeter is not valid: word/);
  });

  it('refuses a configuration with a mistyped key, and takes any key where its schema does', () => {
    const define = (config: z.ZodType) =>
      definePlugin({ name: 'typed', version: '1.0.0', config, setup() {} });
    const refined = z.object({ word: z.string().optional() }).refine(() => true);
    expect(() => define(refined)({ wrod: 'Hi' })).toThrow(
      /plugin typed is not valid: .*Unrecognized key: "wrod"/,
    );
    expect(define(z.looseObject({}))({ wrod: 'Hi' }).config).toEqual({ wrod: 'Hi' });
  });

  it('of which a schema is of zod 3 is refused with a sentence that names zod 4', async () => {
    const old: z.ZodObject = Object(zod3.object({ word: zod3.string() }));
    const asked: VistazoError[] = [];
    const { bot, faults } = await startBot([
      plugin('commanding', ({ command }) =>
        command({ name: 'greet', description: 'x', options: old, run() {} }),
      ),
      plugin('tooled', ({ tool }) =>
        tool({ name: 'greet', description: 'x', input: old, run() {} }),
      ),
      plugin('nested', ({ tool }) =>
        tool({ name: 'nest', description: 'x', input: z.object({ a: old }), run() {} }),
      ),
      plugin('asking', ({ onMessage }) =>
        onMessage(async ({ generate }, next) => {
          await generate({ schema: old }).catch((error) => asked.push(error));
          await next();
        }),
      ),
    ]);
    await bot.ask('Hi!');
    expect(faults).toEqual([
      expect.stringMatching(/^commanding: .*\/?greet.*zod 4/),
      expect.stringMatching(/^tooled: .*zod 4/),
      expect.stringMatching(/^nested: .*zod 4/),
    ]);
    expect(asked).toMatchObject([
      { code: 'option.unsupported', message: expect.stringContaining('zod 4') },
    ]);
  });
});

describe('a bot', () => {
  const nothing = () => {};

  it.each([
    ['two plugins of one name', [plugin('a', nothing), plugin('a', nothing)], 'same name'],
    [
      'a plugin that needs one that is not there',
      [plugin('a', nothing, ['b'])],
      'needs the plugin b',
    ],
    [
      'plugins that depend on each other',
      [plugin('a', nothing, ['b']), plugin('b', nothing, ['a'])],
      'a → b → a',
    ],
  ])('refuses %s', async (_, plugins, sentence) => {
    await expect(createTestBot({ plugins })).rejects.toMatchObject({
      code: 'plugin.invalid',
      message: expect.stringContaining(sentence),
    });
  });

  it('refuses a plugin name that is no part of a key', () => {
    expect(() => plugin('My Plugin', nothing)).toThrow(/plugin name "My Plugin" is not valid/);
  });
});
