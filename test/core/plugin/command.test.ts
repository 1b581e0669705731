import { VistazoError } from '@vistazo/core';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { pictureOf } from '../bot/bot-fixture.ts';
import { plugin, startBot } from './plugin-fixture.ts';

const describing = plugin('describing', ({ command }) => {
  command({
    name: 'describe',
    description: 'Says what is in the pictures',
    pictures: 'required',
    options: z.object({
      language: z.enum(['english', 'spanish']).default('english').describe('Of the answer'),
      words: z.int().min(1).max(50).default(10),
      loud: z.boolean().optional(),
    }),
    run({ options: { language, words, loud }, pictures, reply }) {
      const [picture] = pictures;
      reply(
        `${language} ${words + 1} ${loud ?? 'unsaid'} ${picture?.widthPx}x${picture?.heightPx}`,
      );
    },
  });
});
const greeting = plugin('greeting', ({ command }) => {
  command({
    name: 'greet',
    description: 'Says hello',
    options: z.object({ who: z.string().max(20) }),
    run: ({ options, reply }) => reply(`Hello, ${options.who}!`),
  });
});

describe('a command of a plugin', () => {
  it('is made known to the platforms with its options', async () => {
    const { bot } = await startBot([describing, greeting]);
    expect(bot.adapter.commands).toEqual([
      {
        name: 'describe',
        description: 'Says what is in the pictures',
        pictures: 'required',
        options: [
          {
            name: 'language',
            description: 'Of the answer',
            type: 'string',
            required: false,
            choices: ['english', 'spanish'],
          },
          {
            name: 'words',
            description: 'words',
            type: 'integer',
            required: false,
            min: 1,
            max: 50,
          },
          { name: 'loud', description: 'loud', type: 'boolean', required: false },
        ],
      },
      {
        name: 'greet',
        description: 'Says hello',
        pictures: 'none',
        options: [{ name: 'who', description: 'who', type: 'string', required: true, max: 20 }],
      },
    ]);
  });

  it('gets its options, typed by its schema, and the pictures', async () => {
    const { bot } = await startBot([describing]);
    const command = { name: 'describe', options: { words: 4, loud: true } };
    const pictures = [await pictureOf(255)];
    expect(await bot.ask('', { command, pictures })).toBe('english 5 true 2x3');
    expect(bot.model.prompts).toEqual([]);
  });

  it.each([
    ['/greet who=Ana', 'Hello, Ana!'],
    ['/greet who="Ana Luz"', 'Hello, Ana Luz!'],
    ['  /greet the whole rest', 'Hello, the whole rest!'],
    ['/greet who=Ana and Bo', 'An option of /greet is not right: Unrecognized key: "text".'],
    [
      '/greet',
      'The option who of /greet is not right: Invalid input: expected string, received undefined.',
    ],
    ['/describe', 'The command /describe needs a picture; attach one.'],
    [
      '/describe words=many',
      'The option words of /describe is not right: Invalid input: expected number, received string.',
    ],
    ['/other', 'There is no command /other; there are /describe, /greet.'],
    ['/etc/hosts says what?', 'Yes.'],
    ['1/greet', 'Yes.'],
  ])('can be written where a platform has none: %s', async (text, answer) => {
    const { bot } = await startBot([describing, greeting]);
    expect(await bot.ask(text)).toBe(answer);
  });

  it('is not read from texts where the platform has commands of its own', async () => {
    const { bot } = await startBot([greeting], {}, { commands: true });
    expect(await bot.ask('/greet who=Ana')).toBe('Yes.');
    const command = { name: 'greet', options: { who: 'Ana' } };
    expect(await bot.ask('', { command })).toBe('Hello, Ana!');
  });

  it('that is mistyped is told to the person, and the model is not asked', async () => {
    for (const capabilities of [{}, { commands: true, writtenCommands: true }]) {
      const { bot } = await startBot([greeting], {}, capabilities);
      expect(await bot.ask('/gret who=Ana')).toBe('There is no command /gret; there are /greet.');
      expect(await bot.ask('/greet who=Ana')).toBe('Hello, Ana!');
      expect(bot.model.prompts).toEqual([]);
    }
  });

  it('that is the adapter’s own, or of a bot without commands, is a question to the model', async () => {
    const own = await startBot([greeting], {}, { commands: true, writtenCommands: true });
    expect(await own.bot.ask('/help')).toBe('Yes.');
    const { bot } = await startBot([]);
    expect(await bot.ask('/gret who=Ana')).toBe('Yes.');
  });

  it('that nobody knows is answered with those that there are', async () => {
    const { bot } = await startBot([greeting]);
    const command = { name: 'gone', options: {} };
    expect(await bot.ask('', { command })).toBe('There is no command /gone; there are /greet.');
  });

  it('can leave the answer to the model, with instructions', async () => {
    const brief = plugin('brief', ({ command }) =>
      command({ name: 'brief', description: 'Be brief', run: ({ ask }) => ask('One word.') }),
    );
    const { bot } = await startBot([brief], { answers: ['Red.'] });
    expect(await bot.ask('/brief')).toBe('Red.');
    expect(bot.model.prompts[0]?.[0]).toEqual({ role: 'system', content: 'One word.' });
  });

  it('that fails is reported, and the person is told', async () => {
    const failing = plugin('failing', ({ command }) =>
      command({
        name: 'fail',
        description: 'Fails',
        run: () => Promise.reject(new Error('secret')),
      }),
    );
    const { bot, faults } = await startBot([failing]);
    expect(await bot.ask('/fail')).toBe('The command /fail failed; please try again later.');
    expect(faults).toEqual(['failing: The plugin failing failed: secret']);
  });

  it('is kept back by middleware that does not go on', async () => {
    const closed = plugin('closed', ({ onMessage }) =>
      onMessage(async ({ reply }) => reply('We are closed.')),
    );
    const { bot } = await startBot([closed, greeting]);
    expect(await bot.ask('/greet who=Ana')).toBe('We are closed.');
  });

  it.each([
    ['Greet', 'a', {}, /its name must have small letters/],
    ['greet', 'x'.repeat(101), {}, /its description must have 1 to 100 characters/],
    ['greet', 'a', { who: z.object({}) }, /its options must be strings, numbers, booleans/],
    ['greet', 'a', { when: z.date() }, /cannot be written as JSON Schema/],
  ])(
    'that cannot be made known leaves its plugin out: %s',
    async (name, description, shape, fault) => {
      const bad = plugin('bad', ({ command }) =>
        command({ name, description, options: z.object(shape), run: () => {} }),
      );
      const { bot, faults } = await startBot([bad]);
      expect(faults).toEqual([expect.stringMatching(fault)]);
      expect(await bot.ask('Hi!')).toBe('Yes.');
    },
  );

  it('with the name of another one leaves its plugin out', async () => {
    const again = plugin('again', ({ command }) =>
      command({ name: 'greet', description: 'Says hello', run: () => {} }),
    );
    const { faults } = await startBot([greeting, again]);
    expect(faults).toEqual([
      'again: The command /greet of the plugin again is one of the plugin greeting already; give it another name.',
    ]);
  });

  it('is answered once when its process dies before it is posted', async () => {
    const { bot } = await startBot([greeting]);
    let posts = 0;
    bot.adapter.beforeCall = (call) => {
      if (call === 'post' && ++posts === 1) throw new VistazoError('internal', 'Not now.');
    };
    expect(await bot.ask('/greet who=Ana')).toBe('Hello, Ana!');
    expect(bot.adapter.posts).toHaveLength(1);
  });
});
