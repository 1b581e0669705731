import type { Adapter, AnsweringModel, CommandDescription, PlatformEvent } from '@vistazo/core';
import type { DiscordAdapterOptions } from '@vistazo/discord';
import { onTestFinished, vi } from 'vitest';
import { Twin, twinModel } from './twin-fixture.ts';

type EventOf<Type> = Extract<PlatformEvent, { type: Type }>;

/** A started adapter on the twin, and what it handed over. */
export interface Listening {
  twin: Twin;
  adapter: Adapter;
  events: PlatformEvent[];
  /** What an operator was told. */
  notices: string[];
  /** The first event of a kind about a message, once it comes. */
  event<Type extends PlatformEvent['type']>(type: Type, messageId: string): Promise<EventOf<Type>>;
}

/** Starts an adapter on the twin, for as long as the test runs. */
export async function listen({
  commands = [],
  model = twinModel,
  stored = Promise.resolve(),
  ...options
}: Omit<DiscordAdapterOptions, 'token' | 'client' | 'files' | 'commands'> & {
  commands?: readonly CommandDescription[];
  /** What answers. */
  model?: AnsweringModel;
  /** When events are stored, as with a slow database. Default at once. */
  stored?: Promise<void>;
} = {}): Promise<Listening> {
  const twin = await Twin.start();
  onTestFinished(() => twin.stop());
  const notices: string[] = [];
  const adapter = twin.newAdapter({ notify: (notice) => notices.push(notice), ...options });
  const events: PlatformEvent[] = [];
  await adapter.start({
    commands,
    receive: async (event) => {
      events.push(event);
      await stored;
      return 'accepted';
    },
    forget: async () => {},
    model,
    recentMessages: async () => [],
    knownIn: async () => [],
    tenants: async () => [],
    seenFor: async () => undefined,
  });
  onTestFinished(async () => {
    await adapter.stop();
    await adapter.close?.();
  });
  const event = <Type extends PlatformEvent['type']>(type: Type, messageId: string) =>
    vi.waitFor(() => {
      const found = events.find(
        (each): each is EventOf<Type> => each.type === type && each.messageId === messageId,
      );
      if (found === undefined) throw new Error(`No event ${type} came about ${messageId}.`);
      return found;
    }, 10_000);
  return { twin, adapter, events, notices, event };
}
