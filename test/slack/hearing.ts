import type { Adapter, AdapterHost, PlatformEvent } from '@vistazo/core';
import { testHost } from '@vistazo/core/testing';
import { createSlackAdapter, type SlackAdapterOptions } from '@vistazo/slack';
import { onTestFinished, vi } from 'vitest';
import { requireQuiet } from './fake-fixture.ts';
import { FakeSlack } from './fake-slack.ts';

type EventOf<Type> = Extract<PlatformEvent, { type: Type }>;

/** A started adapter on the fake, and what it handed over. */
export interface Listening {
  fake: FakeSlack;
  adapter: Adapter;
  /** Each once, as a store keeps them. */
  events: PlatformEvent[];
  /** What an operator was told. */
  notices: string[];
  /** How the fake's users, and a channel with them and the bot, are called. */
  ana: string;
  ben: string;
  channel: string;
  /** How the bot is mentioned. */
  bot: string;
  /** The first event of a kind about a message, once it comes. */
  event<Type extends PlatformEvent['type']>(type: Type, messageId: string): Promise<EventOf<Type>>;
  /** What `adapter.fetch` gives of the first attachment of a message, as text. */
  fetchText(url: string | undefined, options?: { maxBytes?: number }): Promise<string>;
  stop(): Promise<void>;
}

/** A fake with people, for as long as the test runs. */
export async function startFake() {
  const fake = await FakeSlack.start();
  onTestFinished(() => fake.stop());
  const ana = fake.addPerson('Ana');
  const ben = fake.addPerson('Ben');
  return { fake, ana, ben, channel: fake.addChannel('general', [ana, ben]) };
}

/** Starts an adapter on a fake, for as long as the test runs. */
export async function listen({
  on,
  receive = async () => {},
  host = {},
  ...options
}: Partial<SlackAdapterOptions> & {
  /** Default a new one. */
  on?: Awaited<ReturnType<typeof startFake>>;
  /** Stores an event; what it throws the host throws. */
  receive?: (event: PlatformEvent) => Promise<void>;
  host?: Partial<AdapterHost>;
} = {}): Promise<Listening> {
  const place = on ?? (await startFake());
  const { fake } = place;
  const notices: string[] = [];
  const adapter = createSlackAdapter({
    botToken: fake.bot.botToken,
    appToken: fake.appToken,
    slackApiUrl: fake.apiUrl,
    files: fakeFiles(fake),
    notify: (notice) => notices.push(notice),
    ...options,
  });
  const events: PlatformEvent[] = [];
  const seen = new Set<string>();
  await adapter.start(
    testHost({
      receive: async (event) => {
        await receive(event);
        if (seen.has(event.eventId)) return 'known';
        seen.add(event.eventId);
        // A change of what is not stored is none.
        const isStored = events.some(
          ({ type, messageId }) => type === 'message' && messageId === event.messageId,
        );
        if (event.type === 'edited' && !isStored) return 'known';
        events.push(event);
        return 'accepted';
      },
      ...host,
    }),
  );
  let isStopped = false;
  const stop = async () => {
    if (isStopped) return;
    isStopped = true;
    await adapter.stop();
    await adapter.close?.();
    requireQuiet(fake);
  };
  onTestFinished(stop);
  const event = <Type extends PlatformEvent['type']>(type: Type, messageId: string) =>
    vi.waitFor(() => {
      const found = events.find(
        (each): each is EventOf<Type> => each.type === type && each.messageId === messageId,
      );
      if (found === undefined) throw new Error(`No event ${type} came about ${messageId}.`);
      return found;
    }, 10_000);
  const fetchText = async (url = '', { maxBytes = 1e6 } = {}) => {
    const signal = AbortSignal.timeout(60_000);
    const bytes = await adapter.fetch?.(url, { maxBytes, signal });
    return Buffer.from(bytes ?? []).toString();
  };
  const bot = `<@${fake.bot.botUserId}>`;
  return { ...place, adapter, events, notices, bot, event, fetchText, stop };
}

/** Where the fake keeps files; nothing else on loopback is sent a token. */
export function fakeFiles({ origin }: FakeSlack) {
  const { host } = new URL(origin);
  return { hosts: [{ host }], allowAddress: (address: string) => address === '127.0.0.1' };
}
