import { type CommandDescription, createBot, definePlugin, openSqliteStore } from '@vistazo/core';
import { ScriptedModel, testHost } from '@vistazo/core/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { Twin } from './twin-fixture.ts';

const altText: CommandDescription = {
  name: 'alt-text',
  description: 'Writes an alternative text',
  options: [
    {
      name: 'language',
      description: 'Of the text',
      type: 'string',
      required: false,
      choices: ['English', 'Spanish'],
    },
    { name: 'words', description: 'At most', type: 'integer', required: true, min: 0, max: 50 },
  ],
  pictures: 'optional',
};
const tickets: CommandDescription = {
  name: 'tickets',
  description: 'Lists the tickets',
  options: [],
  pictures: 'none',
};

async function newTwin(): Promise<Twin> {
  const twin = await Twin.start();
  onTestFinished(() => twin.stop());
  return twin;
}

/** Starts an adapter with these commands, and gives what ends it. */
async function start(
  twin: Twin,
  commands: readonly CommandDescription[],
  options: Parameters<Twin['newAdapter']>[0] = {},
) {
  const adapter = twin.newAdapter(options);
  await adapter.start(
    testHost({
      commands,
    }),
  );
  let isStopped = false;
  const stop = async () => {
    if (isStopped) return;
    isStopped = true;
    await adapter.stop();
    await adapter.close?.();
  };
  onTestFinished(stop);
  return { adapter, stop };
}

const namedSchema = z.array(z.looseObject({ name: z.string() }));

/** The names of those that were made known, each time. */
const madeKnown = ({ front }: Twin) =>
  front.calls
    .filter(({ method, path }) => method === 'PUT' && path.endsWith('/commands'))
    .map(({ json }) => namedSchema.parse(json).map(({ name }) => name));

describe('commands of the Discord adapter', () => {
  it('are made known once, and not again by later starts while they are the same', async () => {
    const twin = await newTwin();
    const first = await start(twin, [altText, tickets]);
    await first.stop();
    const again = await start(twin, [altText, tickets]);
    await again.stop();
    expect(madeKnown(twin)).toEqual([
      [
        'ask',
        'describe',
        'model',
        'help',
        'forget',
        'alt-text',
        'tickets',
        'Ask about this picture',
        'Describe this picture',
      ],
    ]);
  });

  it.each<[string, CommandDescription]>([
    ['another description', { ...tickets, description: 'Lists them' }],
    ['another name', { ...tickets, name: 'list' }],
    ['another option', { ...tickets, options: altText.options.slice(0, 1) }],
    ['pictures', { ...tickets, pictures: 'required' }],
  ])('are made known by a later start when one has %s', async (_, changed) => {
    const twin = await newTwin();
    const first = await start(twin, [tickets]);
    await first.stop();
    await start(twin, [changed]);
    expect(madeKnown(twin)).toHaveLength(2);
    expect(madeKnown(twin)[1]).toContain(changed.name);
  });

  it('are made known in servers, each for itself, where these are named', async () => {
    const twin = await newTwin();
    const options = { commands: [twin.guildId] };
    const first = await start(twin, [altText], options);
    await first.stop();
    await start(twin, [altText], options);
    const puts = twin.front.calls.filter(({ method }) => method === 'PUT');
    expect(puts.map(({ path }) => path)).toEqual([
      `/applications/${twin.botId}/guilds/${twin.guildId}/commands`,
    ]);
  });

  it('are made known also when Discord does not say what it knows', async () => {
    const twin = await newTwin();
    twin.front.intercept(({ method, path }) =>
      method === 'GET' && path.includes('/commands') ? { status: 404, body: {} } : undefined,
    );
    await start(twin, [tickets]);
    expect(madeKnown(twin)).toHaveLength(1);
  });

  it('that Discord refuses are told to the operator, and the bot starts', async () => {
    const twin = await newTwin();
    twin.front.intercept(({ method }) =>
      method === 'PUT'
        ? { status: 403, body: { code: 50001, message: 'Missing Access' } }
        : undefined,
    );
    const notices: string[] = [];
    const { adapter } = await start(twin, [tickets], { notify: (notice) => notices.push(notice) });
    expect(adapter.isReady?.()).toBe(true);
    expect(notices.join('\n')).toContain('The commands could not be made known to Discord');
  });

  it('are known to nobody where that is chosen', async () => {
    const twin = await newTwin();
    const { adapter } = await start(twin, [tickets], { commands: null });
    await adapter.commandsChanged?.([altText]);
    expect(twin.front.calls.filter(({ path }) => path.includes('/commands'))).toEqual([]);
  });

  it('are made known anew when plugins are loaded anew that have others', async () => {
    const twin = await newTwin();
    const withCommand = (name: string, description = `Does ${name}`) =>
      definePlugin({
        name: 'doing',
        version: '1.0.0',
        config: z.object({}),
        setup: ({ command }) => command({ name, description, run: ({ reply }) => reply(name) }),
      })({});
    const store = await openSqliteStore({ path: ':memory:' });
    const bot = createBot({
      model: new ScriptedModel([]),
      store,
      adapters: [twin.newAdapter()],
      plugins: [withCommand('one')],
      log: { level: 'silent' },
    });
    await bot.start();
    onTestFinished(async () => {
      await bot.stop({ drainMs: 0 });
      await store.close();
    });
    await bot.plugins.reload([withCommand('one')]);
    expect(madeKnown(twin)).toHaveLength(1);
    await bot.plugins.reload([withCommand('two')]);
    expect(madeKnown(twin)).toHaveLength(2);
    expect(madeKnown(twin)[1]).toContain('two');
    expect(madeKnown(twin)[1]).not.toContain('one');
  });
});
