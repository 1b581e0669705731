import { testHost } from '@vistazo/core/testing';
import { createDiscordAdapter, type DiscordAdapterOptions } from '@vistazo/discord';
import { Client } from 'discord.js';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { pictureOf } from '../core/bot/bot-fixture.ts';
import { newPath, newTwin, startBot, untilSaid } from './bot-on-twin.ts';
import { call } from './interact.ts';
import { listen } from './listen.ts';
import { Twin } from './twin-fixture.ts';

const host = testHost();

describe('bad input to the Discord adapter', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['no token', {}, 'takes either a token or a client'],
    [
      'both',
      { token: 'a', client: new Client({ intents: [] }) },
      'takes either a token or a client',
    ],
    ['an unknown option', { token: 'a', tokens: 'b' }, 'tokens'],
    [
      'a channel by its name',
      { token: 'a', messageContent: true, channels: ['general'] },
      'is no id of Discord',
    ],
    [
      'channels without the intent',
      { token: 'a', channels: ['900000000000000001'] },
      'needs messageContent: true',
    ],
    [
      'options for a client of its own',
      { client: new Client({ intents: [] }), clientOptions: {} },
      'clientOptions',
    ],
  ])('says what is wrong with %s', (_, options, complaint) => {
    expect(() => createDiscordAdapter(options as DiscordAdapterOptions)).toThrow(complaint);
  });

  it('tells an operator that something failed, and nothing of what it was about', async () => {
    const twin = await Twin.start();
    onTestFinished(() => twin.stop());
    const notices: string[] = [];
    const adapter = twin.newAdapter({ notify: (notice) => notices.push(notice) });
    let isFaulty = false;
    await adapter.start({
      ...host,
      get commands() {
        if (isFaulty) throw new Error('MARK of what somebody wrote');
        return [];
      },
    });
    onTestFinished(async () => {
      await adapter.stop();
      await adapter.close?.();
    });
    isFaulty = true;
    await call({ twin }, 'help', []);
    const failed = 'Something from Discord could not be handled: internal';
    await vi.waitFor(() => expect(notices).toContain(failed));
    expect(notices.join()).not.toContain('MARK');
  });

  it('says where the token is found when Discord refuses it', async () => {
    const twin = await Twin.start();
    onTestFinished(() => twin.stop());
    const adapter = createDiscordAdapter({
      token: 'no token of this bot',
      notify: () => {},
      clientOptions: { rest: { api: `${twin.front.origin}/api`, version: '10' } },
    });
    await expect(adapter.start(host)).rejects.toMatchObject({
      code: 'option.invalid',
      message: expect.stringContaining('Discord refuses the token'),
    });
  });

  it('says how to get the message content intent when Discord does not give it', async () => {
    const twin = await Twin.start();
    onTestFinished(() => twin.stop());
    twin.gateway.wss.on('connection', (socket) => socket.close(4014, 'Disallowed intent(s).'));
    const adapter = twin.newAdapter({ messageContent: true });
    await expect(adapter.start(host)).rejects.toMatchObject({
      code: 'option.invalid',
      message: expect.stringContaining('does not give the bot the message content intent'),
    });
  });

  it('says so when Discord cannot be reached', async () => {
    const adapter = createDiscordAdapter({
      token: 'a token',
      notify: () => {},
      // Nothing listens at this port.
      clientOptions: { rest: { api: 'http://127.0.0.1:1/api', version: '10', retries: 0 } },
    });
    await expect(adapter.start(host)).rejects.toMatchObject({
      code: 'platform.failed',
      message: expect.stringContaining('Discord could not be reached'),
    });
  });

  it.each([
    [404, 10003],
    [403, 50001],
    [403, 50013],
    [403, 50007],
  ])('gives an answer up when Discord says %i with code %i', async (status, code) => {
    const { twin, adapter, event } = await listen();
    const asked = await event('message', await twin.ask('Which colour?'));
    twin.front.intercept(({ method }) =>
      method === 'POST' ? { status, body: { code, message: 'No.' } } : undefined,
    );
    const signal = AbortSignal.timeout(60_000);
    const post = { ...asked, text: 'Red.', idempotencyKey: 'f'.repeat(24) };
    await expect(adapter.post(post, { signal })).rejects.toMatchObject({ code: 'platform.gone' });
  });

  it('passes on how long Discord wants it to wait', async () => {
    const { twin, adapter, event } = await listen();
    const asked = await event('message', await twin.ask('Which colour?'));
    twin.front.intercept(({ method }) =>
      method === 'POST'
        ? {
            status: 429,
            body: { message: 'You are being rate limited.', retry_after: 60, global: false },
            headers: { 'retry-after': '60', 'x-ratelimit-scope': 'shared' },
          }
        : undefined,
    );
    const signal = AbortSignal.timeout(60_000);
    const post = { ...asked, text: 'Red.', idempotencyKey: 'g'.repeat(24) };
    const failed: unknown = await adapter.post(post, { signal }).catch((error: unknown) => error);
    expect(failed).toMatchObject({
      code: 'platform.failed',
      cause: { status: 429, retryAfterMs: expect.closeTo(60_000, -4) },
    });
  });

  it('waits no longer for a busy channel than it is told to', async () => {
    const { twin, adapter, event } = await listen();
    const asked = await event('message', await twin.ask('Which colour?'));
    twin.front.intercept(({ method }) =>
      method === 'POST'
        ? {
            status: 429,
            body: { message: 'You are being rate limited.', retry_after: 9, global: false },
            headers: { 'retry-after': '9', 'x-ratelimit-scope': 'shared' },
          }
        : undefined,
    );
    const stop = new AbortController();
    const post = { ...asked, text: 'Red.', idempotencyKey: 'h'.repeat(24) };
    const posting = adapter.post(post, { signal: stop.signal });
    await expect.poll(() => twin.front.calls.at(-1)?.path).toContain('/messages');
    stop.abort(new Error('The message was changed.'));
    await expect(posting).rejects.toThrow('The message was changed.');
  });

  it('passes over what it cannot read', async () => {
    const { twin, event } = await listen();
    twin.gateway.broadcast('MESSAGE_CREATE', { id: 1, content: {} });
    twin.gateway.broadcast('MESSAGE_DELETE', { id: 7 });
    twin.gateway.broadcast('INTERACTION_CREATE', { type: 99 });
    expect(await event('message', await twin.ask('Still there?'))).toMatchObject({
      text: 'Still there?',
    });
  });
});

describe('a whole bot on discord-digital-twin', () => {
  it('says which file is no picture, which is too large and which is gone, and answers about the others', async () => {
    const twin = await newTwin();
    const { model, idle } = await startBot(twin, await newPath(), ['Nothing.'], {
      limits: { maxPictureBytes: 1000 },
    });
    twin.front.intercept(({ path }) =>
      path === '/attachments/refresh-urls'
        ? { status: 200, body: { refreshed_urls: [] } }
        : undefined,
    );
    const gone = twin.attachment(Buffer.from('gone'), 'gone.png');
    twin.front.expire(gone.url);
    const attachments = [
      twin.attachment(Buffer.from('no picture'), 'notes.png'),
      twin.attachment(Buffer.alloc(2000), 'large.png'),
      gone,
      twin.attachment(await pictureOf(250), 'seen.png'),
    ];
    const asked = await twin.ask('What do you see?', { attachments });
    const answer = await vi.waitFor(async () => {
      const [first] = await twin.repliesTo(asked);
      expect(first?.content).toContain('gone.png');
      return first;
    }, 20_000);
    await idle();
    expect(await twin.repliesTo(asked)).toHaveLength(1);
    expect(answer?.content).toMatch(/^Nothing\.\n\n/);
    expect(answer?.content).toMatch(/^notes\.png: .+\.$/m);
    expect(answer?.content).toMatch(/^large\.png: .+\.$/m);
    expect(answer?.content).toMatch(/^gone\.png: .+\.$/m);
    expect(model.prompts).toHaveLength(1);
  });

  it('gives an answer up whose channel is deleted in the middle, and answers elsewhere', async () => {
    const twin = await newTwin();
    const { promise: gate, resolve: goOn } = Promise.withResolvers<void>();
    const { idle } = await startBot(twin, await newPath(), [
      { pieces: ['It is', ' red.'], gate },
      'A square.',
    ]);
    const asked = await twin.ask('Which colour?');
    await untilSaid(twin, asked, ['It is']);
    const unknown = { status: 404, body: { code: 10003, message: 'Unknown Channel' } };
    const end = twin.front.intercept(({ path }) =>
      path.startsWith(`/channels/${twin.channelId}/`) ? unknown : undefined,
    );
    goOn();
    await idle();
    end();
    await untilSaid(twin, await twin.ask('Which form?'), ['A square.']);
    await untilSaid(twin, asked, ['It is']);
  });
});
