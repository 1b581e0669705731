import { type CommandDescription, definePlugin, VistazoError } from '@vistazo/core';
import { MemoryAdapter } from '@vistazo/core/testing';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { plugin, startBot } from './plugin-fixture.ts';

const greeting = (word = 'Hello') =>
  definePlugin({
    name: 'greeting',
    version: '1.0.0',
    config: z.object({ word: z.string().max(10) }),
    setup({ onMessage, onAnswer }) {
      onMessage(async ({ text, config, reply }, next) => {
        if (text === 'Hi!') reply(`${config.word}!`);
        else await next();
      });
      onAnswer(async (answer, next) => {
        await next();
        answer.text = `${answer.text} (${answer.message.config.word})`;
      });
    },
  })({ word });

describe('the plugins of a tenant', () => {
  it('can be disabled and enabled at run time, for it alone', async () => {
    const { bot } = await startBot([greeting()]);
    await bot.plugins.disable('tenant', 'greeting');
    expect(await bot.ask('Hi!')).toBe('Yes.');
    expect(await bot.ask('Hi!', { tenant: 'other' })).toBe('Hello! (Hello)');
    await bot.plugins.enable('tenant', 'greeting');
    expect(await bot.ask('Hi!')).toBe('Hello! (Hello)');
  });

  it('are disabled with those that they need', async () => {
    const needing = plugin(
      'needing',
      ({ onMessage }) => onMessage(async ({ reply }) => reply('I am here.')),
      ['greeting'],
    );
    const { bot } = await startBot([needing, greeting()]);
    expect(await bot.ask('What?')).toBe('I am here. (Hello)');
    await bot.plugins.disable('tenant', 'greeting');
    expect(await bot.ask('What?')).toBe('Yes.');
    expect(await bot.plugins.list('tenant')).toMatchObject([
      { name: 'greeting', enabled: false },
      { name: 'needing', enabled: false },
    ]);
  });

  it('can be configured at run time, for it alone', async () => {
    const { bot } = await startBot([greeting()]);
    await bot.plugins.configure('tenant', 'greeting', { word: 'Hola' });
    expect(await bot.ask('Hi!')).toBe('Hola! (Hola)');
    expect(await bot.ask('Hi!', { tenant: 'other' })).toBe('Hello! (Hello)');
    expect(await bot.plugins.list('tenant')).toEqual([
      { name: 'greeting', version: '1.0.0', enabled: true, config: { word: 'Hola' } },
    ]);
    await bot.plugins.configure('tenant', 'greeting', null);
    expect(await bot.ask('Hi!')).toBe('Hello! (Hello)');
  });

  it('refuse a configuration that their schema does not take', async () => {
    const { bot } = await startBot([greeting()]);
    const refused = bot.plugins.configure('tenant', 'greeting', { word: 3 });
    await expect(refused).rejects.toMatchObject({
      code: 'plugin.invalid',
      message:
        'The configuration of the plugin greeting is not valid: word: Invalid input: expected string, received number.',
    });
    await expect(bot.plugins.disable('tenant', 'absent')).rejects.toMatchObject({
      message: 'There is no plugin absent; the bot has [greeting].',
    });
    expect(await bot.ask('Hi!')).toBe('Hello! (Hello)');
  });

  it('stay as they were set when the bot starts again', async () => {
    const { bot } = await startBot([greeting()]);
    await bot.plugins.configure('tenant', 'greeting', { word: 'Hola' });
    const again = await startBot([greeting('Bye')], { store: bot.store });
    expect(await again.bot.ask('Hi!')).toBe('Hola! (Hola)');
  });
});

describe('plugins that are loaded anew', () => {
  it('take the place of the others without a restart', async () => {
    const order: string[] = [];
    const living = (name: string) =>
      plugin('living', ({ onStart, command }) => {
        command({ name, description: 'Says its name', run: ({ reply }) => reply(name) });
        onStart(async () => {
          order.push(`start ${name}`);
          return async () => void order.push(`stop ${name}`);
        });
      });
    const { bot } = await startBot([living('one')]);
    expect(await bot.ask('/one')).toBe('one');
    await bot.plugins.reload([living('two')]);
    expect(await bot.ask('/two')).toBe('two');
    expect(await bot.ask('/one')).toMatch(/^There is no command \/one; there are .*\/two/);
    expect(order).toEqual(['start one', 'stop one', 'start two']);
  });

  it('tell platforms of their commands where these are others than before', async () => {
    const told: string[][] = [];
    class TellingAdapter extends MemoryAdapter {
      async commandsChanged(commands: readonly CommandDescription[]): Promise<void> {
        told.push(commands.map(({ name }) => name));
      }
    }
    const commanding = (...names: string[]) =>
      plugin('commanding', ({ command }) => {
        for (const name of names)
          command({ name, description: 'Says its name', run: ({ reply }) => reply(name) });
      });
    const { bot } = await startBot([commanding('one')], { adapter: new TellingAdapter() });
    await bot.plugins.reload([commanding('one')]);
    expect(told).toEqual([]);
    await bot.plugins.reload([commanding('one', 'two')]);
    await bot.plugins.reload([]);
    expect(told).toEqual([['one', 'two'], []]);
  });

  it('run also where a platform refuses one of their commands, and reload says so', async () => {
    class RefusingAdapter extends MemoryAdapter {
      async commandsChanged(): Promise<void> {
        throw new VistazoError('option.invalid', 'There is no room for /hi.');
      }
    }
    const hi = plugin('hi', ({ command }) =>
      command({ name: 'hi', description: 'Greets', run: ({ reply }) => reply('Hello.') }),
    );
    const { bot } = await startBot([], { adapter: new RefusingAdapter() });
    await expect(bot.plugins.reload([hi])).rejects.toMatchObject({ code: 'option.invalid' });
    expect(await bot.ask('/hi')).toBe('Hello.');
  });

  it('that do not fit together change nothing', async () => {
    const { bot } = await startBot([greeting()]);
    await expect(bot.plugins.reload([greeting(), greeting()])).rejects.toMatchObject({
      code: 'plugin.invalid',
    });
    expect(await bot.ask('Hi!')).toBe('Hello! (Hello)');
  });
});
