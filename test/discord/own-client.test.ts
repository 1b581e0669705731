import type { Adapter, PlatformEvent } from '@vistazo/core';
import { testHost } from '@vistazo/core/testing';
import { createDiscordAdapter, type DiscordAdapterOptions } from '@vistazo/discord';
import { Client, Events, type GatewayIntentsString, InteractionType } from 'discord.js';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { call, interact, pressOn, responseOf } from './interact.ts';
import { Twin } from './twin-fixture.ts';

const plain: GatewayIntentsString[] = ['Guilds', 'GuildMessages', 'DirectMessages'];

async function newTwin(): Promise<Twin> {
  const twin = await Twin.start();
  onTestFinished(() => twin.stop());
  return twin;
}

/** A client of somebody's own, as they would make it. */
function newOwnClient({ front }: Twin, intents = plain): Client {
  const client = new Client({ intents, rest: { api: `${front.origin}/api`, version: '10' } });
  onTestFinished(() => client.destroy());
  return client;
}

/** Begins to start an adapter on a client; gives what it hands over. */
function begin(client: Client, options: Partial<DiscordAdapterOptions> = {}) {
  const adapter: Adapter = createDiscordAdapter({ client, notify: () => {}, ...options });
  const events: PlatformEvent[] = [];
  const started = adapter.start(
    testHost({
      receive: async (event) => {
        events.push(event);
        return 'accepted';
      },
    }),
  );
  const stop = async () => {
    await adapter.stop();
    await adapter.close?.();
  };
  return { adapter, events, started, stop };
}

describe('a Discord adapter on a client of somebody’s own', () => {
  it('does not log it in, starts when it is ready, and hears and answers by it', async () => {
    const twin = await newTwin();
    const client = newOwnClient(twin);
    const logsIn = vi.spyOn(client, 'login');
    const { adapter, events, started, stop } = begin(client);
    expect(adapter.isReady?.()).toBe(false);
    expect(logsIn).not.toHaveBeenCalled();
    await client.login(twin.digital.botToken);
    await started;
    expect(logsIn).toHaveBeenCalledTimes(1);
    expect(adapter.isReady?.()).toBe(true);
    const messageId = await twin.ask('What is this?');
    await vi.waitFor(() => expect(events).toMatchObject([{ messageId }]), 10_000);
    const place = { tenant: twin.guildId, conversationKey: twin.channelId, messageId };
    const signal = AbortSignal.timeout(60_000);
    await adapter.post({ ...place, text: 'A cat.', idempotencyKey: 'c'.repeat(24) }, { signal });
    expect(await twin.repliesTo(messageId)).toMatchObject([{ content: 'A cat.' }]);
    await stop();
  });

  it('starts on one that is logged in already', async () => {
    const twin = await newTwin();
    const client = newOwnClient(twin);
    const ready = new Promise((resolve) => client.once(Events.ClientReady, resolve));
    await client.login(twin.digital.botToken);
    await ready;
    const { adapter, started, stop } = begin(client);
    await started;
    expect(adapter.isReady?.()).toBe(true);
    await stop();
  });

  it('leaves it connected when it is closed, and hears nothing by it any more', async () => {
    const twin = await newTwin();
    const client = newOwnClient(twin);
    const before = client.ws.eventNames();
    const { events, started, stop } = begin(client);
    await client.login(twin.digital.botToken);
    await started;
    await stop();
    expect(client.isReady()).toBe(true);
    expect(client.ws.eventNames()).toEqual(before);
    const heard = new Promise((resolve) => client.once(Events.MessageCreate, resolve));
    await twin.ask('Are you there?');
    await heard;
    expect(events).toEqual([]);
  });

  it('lets be what is not its own on the same client', async () => {
    const twin = await newTwin();
    const client = newOwnClient(twin);
    const { started, stop } = begin(client, { commands: null });
    await client.login(twin.digital.botToken);
    await started;
    const setting = { twin };
    const [mine] = await Promise.all([
      call(setting, 'mine', []),
      interact(setting, InteractionType.ModalSubmit, {
        custom_id: 'mine',
        components: [{ type: 18, component: { type: 4, custom_id: 'mine', value: 'a' } }],
      }),
    ]);
    const { id } = await twin.digital.channel(twin.channelId).user(twin.ana).sendMessage({
      content: 'A message',
    });
    const [message] = (await twin.digital.channel(twin.channelId).getMessages()).filter(
      (each) => each.id === id,
    );
    if (message === undefined) throw new Error('The message is there.');
    await pressOn(setting, 'mine', message);
    // Its own, later than all of these.
    const { id: help } = await call(setting, 'help', []);
    await responseOf(setting, help);
    const acknowledged = twin.front.calls
      .map(({ path }) => /^\/interactions\/(\d+)\//.exec(path)?.[1])
      .filter((each) => each !== undefined);
    expect(acknowledged).toEqual([help]);
    expect(acknowledged).not.toContain(mine.id);
    await stop();
  });

  it.each<[GatewayIntentsString[], Partial<DiscordAdapterOptions>, string]>([
    [[], {}, 'lacks the intents Guilds, GuildMessages, DirectMessages'],
    [['Guilds', 'GuildMessages'], {}, 'lacks the intents DirectMessages'],
    [
      plain,
      { messageContent: true },
      "lacks the intents MessageContent; make it with new Client({ intents: ['Guilds', 'GuildMessages', 'DirectMessages', 'MessageContent'] })",
    ],
  ])(
    'says at its start which intents one lacks that has %j',
    async (intents, options, sentence) => {
      const twin = await newTwin();
      const { started } = begin(newOwnClient(twin, intents), options);
      await expect(started).rejects.toMatchObject({
        code: 'option.invalid',
        message: expect.stringContaining(sentence),
      });
    },
  );

  it('says which intents it lacks before it is started, too', async () => {
    const twin = await newTwin();
    const client = newOwnClient(twin, ['Guilds']);
    await client.login(twin.digital.botToken);
    const adapter = createDiscordAdapter({ client });
    const findings = await adapter.check?.({ signal: AbortSignal.timeout(60_000) });
    expect(findings?.filter(({ ok }) => !ok)).toEqual([
      { ok: false, sentence: expect.stringContaining('GuildMessages, DirectMessages') },
    ]);
    expect(client.token).toBe(twin.digital.botToken);
  });

  it('takes no options for a client that it would make', () => {
    const client = new Client({ intents: plain });
    expect(() => createDiscordAdapter({ client, token: 'a' })).toThrow(
      'takes either a token or a client',
    );
    expect(() => createDiscordAdapter({ client, clientOptions: { shards: [0] } })).toThrow(
      'The option clientOptions is for the client that the adapter makes',
    );
  });
});
