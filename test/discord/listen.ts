import type {
  Adapter,
  AdapterHost,
  AnsweringModel,
  CommandDescription,
  PlatformEvent,
} from '@vistazo/core';
import { testHost } from '@vistazo/core/testing';
import type { DiscordAdapterOptions } from '@vistazo/discord';
import { GatewayDispatchEvents } from 'discord.js';
import { generateSnowflake } from 'discord-digital-twin';
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
  actionsOf = async () => [],
  ...options
}: Omit<DiscordAdapterOptions, 'token' | 'client' | 'files' | 'commands'> & {
  commands?: readonly CommandDescription[];
  /** What answers. */
  model?: AnsweringModel;
  /** When events are stored, as with a slow database. Default at once. */
  stored?: Promise<void>;
  /** What the bot has stored of what it posted. Default nothing. */
  actionsOf?: AdapterHost['actionsOf'];
} = {}): Promise<Listening> {
  const twin = await Twin.start();
  onTestFinished(() => twin.stop());
  const notices: string[] = [];
  const adapter = twin.newAdapter({ notify: (notice) => notices.push(notice), ...options });
  const events: PlatformEvent[] = [];
  await adapter.start(
    testHost({
      commands,
      receive: async (event) => {
        events.push(event);
        await stored;
        return 'accepted';
      },
      model,
      actionsOf,
    }),
  );
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

/** A message in the form in which Discord's gateway tells it; gives its id. */
export function tell({ twin }: Listening, message: Record<string, unknown>): string {
  const id = generateSnowflake();
  twin.gateway.broadcast(GatewayDispatchEvents.MessageCreate, {
    id,
    channel_id: twin.channelId,
    guild_id: twin.guildId,
    author: { id: twin.ana, username: 'ana', global_name: 'Ana Ruiz', discriminator: '0' },
    member: { nick: 'Anita', roles: [], deaf: false, mute: false },
    content: `<@${twin.botId}> What is this?`,
    timestamp: '2026-01-02T03:04:05.000000+00:00',
    edited_timestamp: null,
    tts: false,
    mention_everyone: false,
    mentions: [],
    mention_roles: [],
    attachments: [],
    embeds: [],
    pinned: false,
    type: 0,
    ...message,
  });
  return id;
}
