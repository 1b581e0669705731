import type { Adapter } from '@vistazo/core';
import { createDiscordAdapter } from '@vistazo/discord';
import { Client } from 'discord.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Twin } from './twin-fixture.ts';

async function newTwin(): Promise<Twin> {
  const twin = await Twin.start();
  onTestFinished(() => twin.stop());
  return twin;
}

/** Discord says that the application has these flags, and in which servers the bot is. */
function withFlags(twin: Twin, flags: number, guilds: readonly object[] = []): void {
  twin.front.intercept(({ path }) => {
    if (path === '/applications/@me')
      return { status: 200, body: { id: '900000000000000001', name: 'Looker', flags } };
    return path.startsWith('/users/@me/guilds') ? { status: 200, body: guilds } : undefined;
  });
}

const [viewChannel, sendMessages, attachFiles, readHistory, inThreads] = [
  1n << 10n,
  1n << 11n,
  1n << 15n,
  1n << 16n,
  1n << 38n,
];
const guild = (name: string, permissions: bigint) => ({
  id: '900000000000000002',
  name,
  permissions: String(permissions),
});

const check = (adapter: Adapter) => adapter.check?.({ signal: AbortSignal.timeout(60_000) });

describe('what the Discord adapter finds before it is started', () => {
  it('is which application it is, what it will see, and where to invite it with what it uses', async () => {
    const twin = await newTwin();
    withFlags(twin, 0);
    expect(await check(twin.newAdapter())).toEqual([
      { ok: true, sentence: 'The token is that of the application Looker (900000000000000001).' },
      { ok: true, sentence: expect.stringContaining('Without the message content intent') },
      {
        ok: true,
        // View Channel, Send Messages, Read Message History, Send Messages in Threads.
        sentence: `Invite the bot with https://discord.com/oauth2/authorize?client_id=900000000000000001&scope=bot+applications.commands&permissions=${(1n << 10n) | (1n << 11n) | (1n << 16n) | (1n << 38n)}`,
      },
      { ok: true, sentence: 'The bot is in no server yet.' },
    ]);
    expect(twin.gateway.clients).toEqual([]);
  });

  it('is in which servers it lacks permissions that it uses', async () => {
    const twin = await newTwin();
    const plain = viewChannel | sendMessages | readHistory | inThreads;
    const guilds = [
      guild('Well', plain | attachFiles),
      guild('Administered', 1n << 3n),
      guild('Lacking', plain & ~sendMessages),
    ];
    withFlags(twin, 0, guilds);
    expect((await check(twin.newAdapter({ longAnswers: 'file' })))?.slice(3)).toEqual([
      {
        ok: false,
        sentence:
          'In the server Lacking (900000000000000002) the bot lacks Send Messages and Attach Files; give them to its role in the settings of the server.',
      },
    ]);
    guilds.pop();
    expect((await check(twin.newAdapter()))?.slice(3)).toEqual([
      { ok: true, sentence: expect.stringMatching(/^In the 2 servers .* View Channel, Send Mes/) },
    ]);
  });

  it('is what else is known where Discord does not tell of the servers', async () => {
    const twin = await newTwin();
    withFlags(twin, 0, [{ id: 'no permissions' }]);
    const found = await check(twin.newAdapter());
    expect(found?.map(({ ok }) => ok)).toEqual([true, true, true, true]);
    expect(found?.at(-1)?.sentence).toContain('Discord does not say which permissions');
  });

  it('names ten servers at most', async () => {
    const twin = await newTwin();
    withFlags(
      twin,
      0,
      Array.from({ length: 12 }, () => guild('Closed', 0n)),
    );
    const found = (await check(twin.newAdapter()))?.slice(3);
    expect(found).toHaveLength(11);
    expect(found?.at(-1)).toEqual({ ok: false, sentence: 'So it is in 2 more servers.' });
  });

  it('asks for what files and threads need where it posts and begins some, and for no commands where it has none', async () => {
    const twin = await newTwin();
    withFlags(twin, 0);
    const found = await check(
      twin.newAdapter({ longAnswers: 'file', threads: 'guilds', commands: null }),
    );
    const link = new URL(found?.[2]?.sentence.replace('Invite the bot with ', '') ?? '');
    expect(link.searchParams.get('scope')).toBe('bot');
    const needed = (1n << 15n) | (1n << 35n);
    expect(BigInt(link.searchParams.get('permissions') ?? '') & needed).toBe(needed);
  });

  it.each([
    [true, 0, false, 'turn it on on the page Bot'],
    [true, 1 << 18, true, 'is on: it sees all messages'],
    [true, 1 << 19, true, 'is on: it sees all messages'],
    [false, 1 << 19, true, 'set messageContent: true'],
  ])(
    'says of messageContent %s with the flags %i whether that is well: %s',
    async (messageContent, flags, ok, sentence) => {
      const twin = await newTwin();
      withFlags(twin, flags);
      const found = await check(twin.newAdapter({ messageContent }));
      expect(found?.[1]).toEqual({ ok, sentence: expect.stringContaining(sentence) });
    },
  );

  it('is where the token is found when Discord refuses it', async () => {
    const twin = await newTwin();
    twin.front.intercept(({ path }) =>
      path === '/applications/@me'
        ? { status: 401, body: { code: 0, message: '401: Unauthorized' } }
        : undefined,
    );
    expect(await check(twin.newAdapter())).toEqual([
      { ok: false, sentence: expect.stringContaining('Discord refuses the token') },
    ]);
  });

  it('is that Discord cannot be reached, or that a client of its own is not logged in', async () => {
    const adapter = createDiscordAdapter({
      token: 'a token',
      // Nothing listens at this port.
      clientOptions: { rest: { api: 'http://127.0.0.1:1/api', version: '10', retries: 0 } },
    });
    expect(await check(adapter)).toEqual([
      { ok: false, sentence: expect.stringContaining('Discord could not be reached') },
    ]);
    expect(await check(createDiscordAdapter({ client: new Client({ intents: [] }) }))).toEqual([
      { ok: false, sentence: expect.stringContaining('not logged in') },
    ]);
  });
});
