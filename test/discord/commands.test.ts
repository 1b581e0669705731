import type { CommandDescription } from '@vistazo/core';
import { InteractionType, PermissionFlagsBits } from 'discord.js';
import { generateSnowflake } from 'discord-digital-twin';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { altText, tickets } from '../commands-of-plugins.ts';
import { callOn, chartMessage, interact, post, responseOf } from './interact.ts';
import { listen } from './listen.ts';

const bytes = Buffer.from('a picture');

const registeredSchema = z.array(
  z.looseObject({
    name: z.string(),
    type: z.int(),
    options: z.array(z.looseObject({ name: z.string() })).default([]),
  }),
);

describe('commands on discord-digital-twin', () => {
  it('makes those of the plugins known, with pictures as options', async () => {
    const { twin } = await listen({ commands: [altText, tickets] });
    const stored = await twin.digital.prisma.applicationCommand.findMany();
    const commands = registeredSchema.parse(
      stored.map(({ options, ...command }) => ({ ...command, options: JSON.parse(options) })),
    );
    expect(commands.map(({ type, name }) => `${type} ${name}`).toSorted()).toEqual([
      '1 alt-text',
      '1 ask',
      '1 describe',
      '1 forget',
      '1 help',
      '1 model',
      '1 tickets',
      '3 Alt text',
      '3 Ask about this picture',
      '3 Describe this picture',
    ]);
    const optionsOf = (name: string) => commands.find((command) => command.name === name)?.options;
    expect(optionsOf('alt-text')).toMatchObject([
      { name: 'picture', type: 11, required: true },
      { name: 'language', type: 3, choices: [{ value: 'English' }, { value: 'Spanish' }] },
      { name: 'words', type: 4, min_value: 1, max_value: 50 },
      { name: 'picture-2', type: 11 },
      { name: 'picture-3', type: 11 },
      { name: 'picture-4', type: 11 },
      { name: 'private', type: 5 },
    ]);
    expect(optionsOf('tickets')).toMatchObject([
      { name: 'product', required: true },
      { name: 'private' },
    ]);
  });

  it('refuses a command with an option that is one of its own', async () => {
    const clash = { ...tickets, options: [{ ...altText.options[0], name: 'private' }] };
    await expect(listen({ commands: [clash as CommandDescription] })).rejects.toThrow(
      'The command /tickets has an option private',
    );
  });

  it('hands over /ask with its pictures, defers at once and answers in its place', async () => {
    const setting = await listen();
    const { twin } = setting;
    const pictures = [twin.attachment(bytes, 'a.png', 'A chart'), twin.attachment(bytes, 'b.png')];
    const { id } = await interact(setting, InteractionType.ApplicationCommand, {
      id: generateSnowflake(),
      name: 'ask',
      type: 1,
      options: [
        { name: 'question', type: 3, value: 'Which is larger?' },
        ...pictures.map((picture, index) => ({
          name: index === 0 ? 'picture' : `picture-${index + 1}`,
          type: 11,
          value: picture.id,
        })),
      ],
      resolved: { attachments: Object.fromEntries(pictures.map((each) => [each.id, each])) },
    });
    const event = await setting.event('message', `command:${id}`);
    expect(event).toMatchObject({
      text: 'Which is larger?',
      author: { id: twin.ana, name: 'Ana' },
      attachments: [
        { url: pictures[0]?.url, name: 'a.png', description: 'A chart' },
        { url: pictures[1]?.url, name: 'b.png' },
      ],
    });
    expect(event.command).toBeUndefined();
    expect(await responseOf(setting, id)).toMatchObject({ type: 5 });
    await post(setting, event, 'The first.');
    await post(setting, event, 'By far.', 'd'.repeat(24));
    expect((await twin.posts()).map(({ content }) => content)).toEqual(['The first.', 'By far.']);
    const plain = twin.front.calls.filter(
      ({ path }) => path === `/channels/${twin.channelId}/messages`,
    );
    expect(plain).toEqual([]);
  });

  it('is acknowledged also while the store takes longer than Discord waits', async () => {
    const stored = Promise.withResolvers<void>();
    const setting = await listen({ commands: [tickets], stored: stored.promise });
    const product = { name: 'product', type: 3, value: 'Mail' };
    const { id } = await setting.twin.command('tickets', [product]);
    const response = await responseOf(setting, id);
    stored.resolve();
    expect(response).toMatchObject({ type: 5 });
  });

  it('shows the answer to one person alone where they want that', async () => {
    const setting = await listen({ commands: [tickets] });
    const { id } = await setting.twin.command('tickets', [
      { name: 'product', type: 3, value: 'Mail' },
      { name: 'private', type: 5, value: true },
    ]);
    const event = await setting.event('message', `private:${id}`);
    expect(event.command).toEqual({ name: 'tickets', options: { product: 'Mail' } });
    expect(await responseOf(setting, id)).toMatchObject({ type: 5, data: { flags: 64 } });
    await post(setting, event, 'None.');
    await post(setting, event, 'Really.', 'd'.repeat(24));
    expect((await setting.twin.posts()).map(({ flags }) => flags)).toEqual([68, 68]);
  });

  it('answers with a plain message when the command has become too old, and never so what was private', async () => {
    const setting = await listen({ commands: [tickets] });
    const { twin } = setting;
    twin.front.intercept(({ path }) =>
      path.startsWith('/webhooks/')
        ? { status: 401, body: { code: 50027, message: 'Invalid Webhook Token' } }
        : undefined,
    );
    const product = { name: 'product', type: 3, value: 'Mail' };
    const open = await twin.command('tickets', [product]);
    await post(setting, await setting.event('message', `command:${open.id}`), 'None.');
    expect((await twin.posts()).map(({ content }) => content)).toEqual(['None.']);
    const hidden = await twin.command('tickets', [
      product,
      { name: 'private', type: 5, value: true },
    ]);
    const event = await setting.event('message', `private:${hidden.id}`);
    const secret = post(setting, event, 'A secret.', 'e'.repeat(24));
    await expect(secret).rejects.toMatchObject({ code: 'platform.gone' });
    expect(await twin.posts()).toHaveLength(1);
  });

  it('calls a command of a plugin on a message', async () => {
    const setting = await listen({ commands: [altText] });
    const { id } = await callOn(setting, 'Alt text', chartMessage(setting.twin));
    expect(await setting.event('message', `command:${id}`)).toMatchObject({
      command: { name: 'alt-text', options: {} },
      attachments: [{ name: 'chart.png' }],
    });
  });

  it('describes a picture in the language of who asks', async () => {
    const setting = await listen();
    const { twin } = setting;
    const picture = twin.attachment(bytes, 'a.png');
    const { id } = await interact(setting, InteractionType.ApplicationCommand, {
      id: generateSnowflake(),
      name: 'describe',
      type: 1,
      options: [{ name: 'picture', type: 11, value: picture.id }],
      resolved: { attachments: { [picture.id]: picture } },
    });
    expect(await setting.event('message', `command:${id}`)).toMatchObject({
      text: 'Describe the picture.',
      attachments: [{ name: 'a.png' }],
    });
  });

  it('answers with a file in the place of the command where that is chosen', async () => {
    const setting = await listen({ longAnswers: 'file' });
    const { id } = await setting.twin.command('ask', [
      { name: 'question', type: 3, value: 'Much?' },
    ]);
    const asked = await setting.event('message', `command:${id}`);
    await setting.twin.deny(PermissionFlagsBits.AttachFiles);
    const long = 'word '.repeat(1000);
    await post(setting, asked, long);
    const call = setting.twin.front.calls.at(-1);
    expect(call).toMatchObject({ method: 'PATCH', files: { 'answer.md': long } });
    expect(call?.path).toMatch(/^\/webhooks\/.*\/messages\/@original/);
    expect(setting.adapter.capabilities.fileUpload).toBe(true);
  });

  it('tells one person alone what it can do', async () => {
    const setting = await listen({ commands: [tickets] });
    const { id } = await setting.twin.command('help', []);
    const { type, data } = await responseOf(setting, id);
    expect({ type, flags: data.flags }).toEqual({ type: 4, flags: 68 });
    expect(data.content).toContain('`/ask` Asks about pictures');
    expect(data.content).toContain('`/tickets` Lists the tickets');
  });

  it.each([
    ['here', 'runs on the machine of the bot'],
    ['server', 'runs on a server that the operator of the bot chose'],
  ] as const)('tells anybody which model answers and that it runs %s', async (runs, where) => {
    const model = { id: 'org/`model`', runs, contextLengthTokens: 8192, images: false };
    const setting = await listen({ model });
    const { id } = await setting.twin.command('model', [], setting.twin.ben);
    const { type, data } = await responseOf(setting, id);
    expect({ type, flags: data.flags }).toEqual({ type: 4, flags: 68 });
    expect(data.content).toContain("`org/'model'` answers.");
    expect(data.content).toContain(where);
    expect(data.content).toContain('8,192 tokens');
    expect(data.content).toContain('does not look at pictures');
  });

  it('lets a plugin have a command with the name of one of its own', async () => {
    const help = { ...tickets, name: 'help' };
    const setting = await listen({ commands: [help] });
    const { id } = await setting.twin.command('help', [
      { name: 'product', type: 3, value: 'Mail' },
    ]);
    expect((await setting.event('message', `command:${id}`)).command).toEqual({
      name: 'help',
      options: { product: 'Mail' },
    });
  });

  it('says so when it does not know a command any more', async () => {
    const setting = await listen();
    const { id } = await setting.twin.command('gone', []);
    expect(await responseOf(setting, id)).toMatchObject({
      type: 4,
      data: { content: 'I do not know this command any more.', flags: 68 },
    });
    expect(setting.events).toEqual([]);
  });
});
