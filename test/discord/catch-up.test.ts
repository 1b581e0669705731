import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type KnownMessage, type PlatformEvent, VistazoError } from '@vistazo/core';
import { testHost } from '@vistazo/core/testing';
import { generateSnowflake } from 'discord-digital-twin';
import { expect, it, onTestFinished, vi } from 'vitest';
import { temporaryFolder } from '../core/bot/bot-fixture.ts';
import { MortalTwinBot } from './kill.ts';
import { listen } from './listen.ts';
import { Twin } from './twin-fixture.ts';

/** An adapter that knows one message of a channel, looks for what came after it, and finds it when `found` resolves. */
async function startAway() {
  const twin = await Twin.start({ channels: 2 });
  onTestFinished(() => twin.stop());
  const known = await twin.ask('Known');
  const missed = await twin.ask('Missed');
  const { promise: found, resolve: find } = Promise.withResolvers<void>();
  const searches = vi.fn();
  twin.front.intercept(async ({ method, path }) => {
    if (method !== 'GET' || !/[?&]after=/.test(path)) return undefined;
    searches();
    await found;
    return undefined;
  });
  const events: PlatformEvent[] = [];
  const adapter = twin.newAdapter();
  await adapter.start(
    testHost({
      receive: async (event) => {
        events.push(event);
        return 'accepted';
      },
      recentMessages: async () => [
        { tenant: twin.guildId, conversationKey: twin.channelId, messageId: known },
      ],
    }),
  );
  const messages = () =>
    events.flatMap((event) => (event.type === 'message' ? [event.messageId] : []));
  await vi.waitFor(() => expect(searches).toHaveBeenCalled(), 10_000);
  return { twin, adapter, missed, find, messages };
}

it('finds what it missed also where the store is away when it begins to look', async () => {
  const twin = await Twin.start();
  onTestFinished(() => twin.stop());
  const known = await twin.ask('Known');
  const missed = await twin.ask('Missed');
  const taken: string[] = [];
  const notices: string[] = [];
  let isAway = true;
  const away = () => {
    if (isAway) throw new VistazoError('store.failed', 'It is away.');
  };
  const adapter = twin.newAdapter({ notify: (notice) => notices.push(notice) });
  await adapter.start(
    testHost({
      receive: async (event) => {
        away();
        if (event.type === 'message') taken.push(event.messageId);
        return 'accepted';
      },
      recentMessages: async () => {
        away();
        return [{ tenant: twin.guildId, conversationKey: twin.channelId, messageId: known }];
      },
      knownIn: async () => {
        away();
        return [];
      },
    }),
  );
  onTestFinished(async () => {
    await adapter.stop();
    await adapter.close?.();
  });
  const live = await twin.ask('Live');
  await setTimeout(1200);
  expect(taken).toEqual([]);
  isAway = false;
  await vi.waitFor(() => expect(taken).toContain(live), 10_000);
  expect(taken[0]).toBe(missed);
  expect(notices.filter((notice) => notice.includes('looked for'))).toEqual([]);
});

// The latest message that is stored in a channel is where the bot looks for what it missed after a death.
it('hands over nothing in a channel before what came there while it was away, and waits in no other channel', async () => {
  const { twin, adapter, missed, find, messages } = await startAway();
  onTestFinished(async () => {
    await adapter.stop();
    await adapter.close?.();
  });
  const live = await twin.ask('Live');
  const elsewhere = await twin.ask('Elsewhere', { channelId: twin.channelIds[1] ?? '' });
  await vi.waitFor(() => expect(messages()).toContain(elsewhere), 10_000);
  expect(messages()).toEqual([elsewhere]);
  find();
  await vi.waitFor(() => expect(messages()).toHaveLength(4), 10_000);
  expect(messages().slice(0, 2)).toEqual([elsewhere, missed]);
  expect(messages().slice(2)).toEqual([live, live]);
});

it('leaves what it holds to the next start when it stops before it has found what came earlier', async () => {
  const { twin, adapter, find, messages } = await startAway();
  await twin.ask('Live');
  const elsewhere = await twin.ask('Elsewhere', { channelId: twin.channelIds[1] ?? '' });
  await vi.waitFor(() => expect(messages()).toEqual([elsewhere]), 10_000);
  await adapter.stop();
  await adapter.close?.();
  find();
  expect(messages()).toEqual([elsewhere]);
});

const waitsForPreview = 'What is https://example.org/?';

it('hands a command over only after the messages that it heard before in the channel', async () => {
  const { twin, events } = await listen({ linkPreviewMs: 1000 });
  const asked = await twin.ask(waitsForPreview);
  const { id } = await twin.command('help', []);
  await twin.command('ask', [{ name: 'question', type: 3, value: 'Which colour?' }]);
  await twin.digital.channel(twin.channelId).waitForInteractionAck({ interactionId: id });
  expect(events).toEqual([]);
  await vi.waitFor(() => expect(events).toHaveLength(2), 10_000);
  expect(events[0]?.messageId).toBe(asked);
});

it('answers a message that waited for the preview of its link when it was killed, though a command came after it', async () => {
  const twin = await Twin.start();
  onTestFinished(() => twin.stop());
  const bot = new MortalTwinBot(twin, join(await temporaryFolder(), 'bot.sqlite'));
  onTestFinished(() => bot.kill());
  await bot.start();
  const known = await twin.ask('Known?');
  await vi.waitFor(async () => expect(await twin.repliesTo(known)).toHaveLength(1), 10_000);
  await bot.kill();
  await bot.start({ linkPreviewMs: 10_000 });
  const waiting = await twin.ask(waitsForPreview);
  const { id } = await twin.command('ask', [{ name: 'question', type: 3, value: 'Which?' }]);
  await twin.digital.channel(twin.channelId).waitForInteractionAck({ interactionId: id });
  await bot.kill();
  expect(await twin.repliesTo(waiting)).toEqual([]);
  await bot.start();
  await vi.waitFor(async () => {
    const answers = await twin.repliesTo(waiting);
    expect(answers.map(({ content }) => content)).toEqual([
      `You asked: ${waitsForPreview} That is all.`,
    ]);
  }, 20_000);
});

/** An adapter that was away, knows what `recentMessages` says, and tells an operator. */
async function awayFrom(twin: Twin, recentMessages: (max: number) => KnownMessage[]) {
  const notices: string[] = [];
  const adapter = twin.newAdapter({
    notify: (notice) => notices.push(notice),
    messageContent: true,
  });
  onTestFinished(async () => {
    await adapter.stop();
    await adapter.close?.();
  });
  await adapter.start(testHost({ recentMessages: async (_, max = 500) => recentMessages(max) }));
  return notices;
}

it('says so when more came in while it was away than it looks at', async () => {
  const twin = await Twin.start();
  onTestFinished(() => twin.stop());
  const known = await twin.ask('Known');
  const said = await twin.say('Nobody asks the bot.');
  const [message] = (await twin.digital.channel(twin.channelId).getMessages()).filter(
    ({ id }) => id === said,
  );
  twin.front.intercept(({ method, path }) => {
    const [, after = ''] = /[?&]after=(\d+)/.exec(path) ?? [];
    if (method !== 'GET' || after === '') return undefined;
    const ids = Array.from({ length: 100 }, (_, index) =>
      String(BigInt(after) + BigInt(index + 1)),
    );
    return { status: 200, body: ids.map((id) => ({ ...message, id })) };
  });
  const notices = await awayFrom(twin, () => [
    { tenant: twin.guildId, conversationKey: twin.channelId, messageId: known },
  ]);
  await vi.waitFor(() => expect(notices).toEqual([expect.stringContaining('1,000')]), 10_000);
});

it('says so when there are more channels than it looks in', async () => {
  const twin = await Twin.start();
  onTestFinished(() => twin.stop());
  const notices = await awayFrom(twin, (max) =>
    Array.from({ length: max }, (_, index) => ({
      tenant: twin.guildId,
      conversationKey: String(900_000_000_000_000_000n + BigInt(index)),
      messageId: generateSnowflake(),
    })),
  );
  await vi.waitFor(() => expect(notices).toEqual([expect.stringContaining('500')]), 10_000);
});
