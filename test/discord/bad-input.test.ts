import { createDiscordAdapter, type DiscordAdapterOptions } from '@vistazo/discord';
import { Client } from 'discord.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listen } from './listen.ts';
import { Twin, twinModel } from './twin-fixture.ts';

const host = {
  commands: [],
  receive: async () => 'accepted' as const,
  forget: async () => {},
  model: twinModel,
  recentMessages: async () => [],
  acceptedIn: async () => [],
  tenants: async () => [],
  seenFor: async () => undefined,
};

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
    const signal = AbortSignal.timeout(10_000);
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
    const signal = AbortSignal.timeout(10_000);
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
