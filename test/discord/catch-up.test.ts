import type { PlatformEvent } from '@vistazo/core';
import { expect, it, onTestFinished, vi } from 'vitest';
import { Twin, twinModel } from './twin-fixture.ts';

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
  await adapter.start({
    commands: [],
    receive: async (event) => {
      events.push(event);
      return 'accepted';
    },
    forget: async () => {},
    model: twinModel,
    seenFor: async () => undefined,
    acceptedIn: async () => [],
    tenants: async () => [],
    recentMessages: async () => [
      { tenant: twin.guildId, conversationKey: twin.channelId, messageId: known },
    ],
  });
  const messages = () =>
    events.flatMap((event) => (event.type === 'message' ? [event.messageId] : []));
  await vi.waitFor(() => expect(searches).toHaveBeenCalled(), 10_000);
  return { twin, adapter, missed, find, messages };
}

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
