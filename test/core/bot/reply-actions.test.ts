import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import type { ReplyAction } from '../../../packages/core/src/adapter/reply-action.ts';
import { VistazoError } from '../../../packages/core/src/errors.ts';
import type { PluginContext } from '../../../packages/core/src/plugin/plugin.ts';
import {
  createTestBot,
  MemoryAdapter,
  type TestBotOptions,
} from '../../../packages/core/src/testing/index.ts';
import { plugin, startBot } from '../plugin/plugin-fixture.ts';
import { databases } from '../store/store-fixture.ts';

const buttons = { buttons: true, modals: true };
const paint: ReplyAction = {
  label: 'Paint',
  command: { name: 'paint', options: { number: 5 } },
  ask: [{ option: 'colour', value: 'blue' }, { option: 'note' }],
  style: 'primary',
};
const clear: ReplyAction = { label: 'Clear', command: { name: 'clear', options: {} } };

/** Says what it is told to, with these buttons. */
function painter(...actions: ReplyAction[]) {
  return plugin('painter', ({ onMessage, command, announce }) => {
    const place = { adapter: 'memory', tenant: 'tenant', conversationKey: 'news' };
    onMessage('text', async ({ text, reply, command: called }, next) => {
      if (called !== undefined) return next();
      if (text.startsWith('announce')) await announce({ ...place, key: text, text, actions });
      reply(text, text === 'plainly' ? {} : { actions });
    });
    addCommands(command);
  });
}

function addCommands(command: PluginContext<unknown>['command']): void {
  command({
    name: 'paint',
    description: 'Paints',
    options: z.object({
      number: z.int(),
      colour: z.enum(['red', 'blue']).optional(),
      note: z.string().optional(),
    }),
    run: ({ options, author, reply }) => reply(`${author.name}: ${JSON.stringify(options)}`),
  });
  command({ name: 'clear', description: 'Clears', run: ({ reply }) => reply('Cleared.') });
}

describe('buttons below what a plugin says', () => {
  it('stand below the last message of it, and call its commands', async () => {
    const { bot } = await startBot([painter(paint, clear)], {}, { ...buttons, maxTextLength: 100 });
    await bot.ask('word '.repeat(30));
    expect(bot.adapter.posts.map(({ actions }) => actions)).toEqual([[], [paint, clear]]);
    expect(await bot.press('Clear')).toBe('Cleared.');
    expect(await bot.press('Paint')).toBe('Ana: {"number":5}');
    const values = { colour: 'red', note: 'A wall' };
    const author = { id: 'bo', name: 'Bo' };
    expect(await bot.press('Paint', { values, author })).toBe(
      'Bo: {"number":5,"colour":"red","note":"A wall"}',
    );
  });

  it('bring what a person says to the schema of the command, like any call', async () => {
    const { bot } = await startBot([painter(paint)], {}, buttons);
    await bot.ask('Hi!');
    expect(await bot.press('Paint', { values: { colour: 'pink' } })).toMatch(
      /^The option colour of \/paint is not right/,
    );
  });

  it.each([
    ['no buttons', {}, 'Hi!\n\nPaint: /paint number=5 colour=… note=…\nClear: /clear'],
    ['no dialogs', { buttons: true }, 'Hi!\n\nPaint: /paint number=5 colour=… note=…'],
    ['no buttons, but commands of its own', { commands: true }, 'Hi!'],
  ])('are written where a platform has %s', async (_, capabilities, text) => {
    const { bot } = await startBot([painter(paint, clear)], {}, capabilities);
    expect(await bot.ask('Hi!')).toBe(text);
    expect(bot.adapter.posts[0]?.actions).toEqual('buttons' in capabilities ? [clear] : []);
  });

  it('stand below announcements', async () => {
    const { bot } = await startBot([painter(paint)], {}, buttons);
    await bot.ask('announce');
    await bot.idle();
    expect(bot.adapter.posts.find(({ isAnnouncement }) => isAnnouncement)?.actions).toEqual([
      paint,
    ]);
    const plain = await startBot([painter(clear)]);
    await plain.bot.ask('announce');
    await plain.bot.idle();
    const [announced] = plain.bot.adapter.posts.filter(({ isAnnouncement }) => isAnnouncement);
    expect(announced?.text).toBe('announce\n\nClear: /clear');
  });

  it('are those of the answer that was made anew', async () => {
    const { bot } = await startBot([painter(clear)], {}, buttons);
    const event = await bot.adapter.say('Hi!');
    await bot.idle();
    const change = async (text: string) => {
      const eventId = `changed to ${text}`;
      await bot.adapter.deliver({ ...event, type: 'edited', eventId, text });
      await bot.idle();
      return bot.adapter.posts.map((post) => [post.text, post.actions]);
    };
    expect(await change('plainly')).toEqual([['plainly', []]]);
    expect(await change('with a button')).toEqual([['with a button', [clear]]]);
  });

  it.each([
    ['too many', Array(6).fill(clear), 'the whole: Too big'],
    ['a label too long', [{ ...clear, label: 'x'.repeat(41) }], '0.label: Too big'],
    [
      'a command of nobody',
      [{ ...clear, command: { name: 'wipe', options: {} } }],
      '"Clear" calls /wipe; the plugin has [/paint, /clear]',
    ],
    [
      'an option of nobody',
      [{ ...paint, ask: [{ option: 'size' }] }],
      '"Paint" gives the option size to /paint, which has [number, colour, note]',
    ],
    [
      'the same option twice',
      [{ ...paint, ask: [{ option: 'note' }, { option: 'note' }] }],
      '"Paint" asks for an option twice',
    ],
    [
      'an option that is missing',
      [{ ...paint, command: { name: 'paint', options: {} } }],
      '"Paint" neither gives nor asks for number',
    ],
  ])('are refused, and the plugin is left out: %s', async (_, actions, fault) => {
    const { bot, faults } = await startBot([painter(...actions)], {}, buttons);
    expect(await bot.ask('Hi!')).toBe('Yes.');
    expect(faults).toEqual([expect.stringContaining(`are not valid: ${fault}`)]);
    expect(await bot.ask('announce')).toBe('Yes.');
    expect(bot.adapter.posts.filter(({ isAnnouncement }) => isAnnouncement)).toEqual([]);
  });

  it('of another one are not called', async () => {
    const other = plugin('other', ({ onMessage }) =>
      onMessage(async ({ reply }) => reply('Hi!', { actions: [clear] })),
    );
    const { faults, bot } = await startBot([other, painter()], {}, buttons);
    expect(await bot.ask('Hey!')).toBe('Hey!');
    expect(faults).toEqual([expect.stringContaining('calls /clear; the plugin has []')]);
  });
});

describe.each(databases())('buttons of a bot that keeps its messages in %s', (_, newDatabase) => {
  it.each(['asked', 'announce'])('are posted after a death before they were: %s', async (text) => {
    const open = await newDatabase();
    const adapter = new MemoryAdapter(buttons);
    const start = async (options: TestBotOptions) => {
      const store = await open();
      const bot = await createTestBot({ store, adapter, limits: { pollMs: 20 }, ...options });
      onTestFinished(() => bot.close());
      return bot;
    };
    const committed = Promise.withResolvers<void>();
    adapter.beforeCall = () => {
      committed.resolve();
      throw new VistazoError('platform.failed', 'Not now.');
    };
    const first = await start({ plugins: [painter(paint)] });
    await adapter.say(text);
    await committed.promise;
    await first.close();
    adapter.beforeCall = () => {};
    const isWanted = text === 'asked' ? 'asked' : 'announce';
    // A plugin that answers otherwise by now is not asked again.
    const second = await start({ plugins: [painter(clear)] });
    await expect
      .poll(() => adapter.posts.find((post) => post.text === isWanted)?.actions, {
        timeout: 20_000,
      })
      .toEqual([paint]);
    expect(await second.press('Paint')).toBe('Ana: {"number":5}');
  });
});
