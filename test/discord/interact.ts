import type { ReplyTarget } from '@vistazo/core';
import {
  type APIMessage,
  ChannelType,
  ComponentType,
  InteractionContextType,
  InteractionType,
} from 'discord.js';
import { generateSnowflake } from 'discord-digital-twin';
import { vi } from 'vitest';
import type { Listening } from './listen.ts';
import type { Twin } from './twin-fixture.ts';

/** Who does something where, as the gateway tells it with an interaction. */
export interface Doing {
  /** Default Ana. */
  by?: string;
  /** Default `en-US`. */
  locale?: string;
  /** Default the server that installed the bot. */
  place?: GuestPlace;
  /** Where a button below it is pressed. */
  message?: APIMessage;
  /** What comes with a command, such as its files. */
  resolved?: Record<string, unknown>;
}

/** Where only a person has the bot: in a server that did not install it, or in direct messages between people. */
export interface GuestPlace {
  channelId: string;
  /** Absent between people. */
  guildId?: string;
  /** Who installed the bot. */
  ownerId: string;
}

/** A place where Ana has the bot, and nobody else. */
export async function newGuestPlace(
  { digital, guildId, ana }: Twin,
  kind: 'server' | 'people',
): Promise<GuestPlace> {
  const id = generateSnowflake();
  const type = kind === 'server' ? ChannelType.GuildText : ChannelType.DM;
  // The twin has one server; the bot is told nothing of this channel.
  await digital.prisma.channel.create({ data: { id, guildId, type, name: 'elsewhere' } });
  const there = { channelId: id, ownerId: ana };
  return kind === 'server' ? { ...there, guildId: generateSnowflake() } : there;
}

/** Somebody does something with a command, a button or a dialog; gives its id and token. */
export async function interact(
  { twin }: Pick<Listening, 'twin'>,
  type: InteractionType,
  data: Record<string, unknown>,
  { by = twin.ana, locale = 'en-US', place, message }: Doing = {},
): Promise<{ id: string; token: string }> {
  const id = generateSnowflake();
  const token = `token-of-${id}`;
  const { prisma, botUserId } = twin.digital;
  const channelId = place?.channelId ?? twin.channelId;
  const guildId = place === undefined ? twin.guildId : place.guildId;
  await prisma.interactionResponse.create({
    data: {
      interactionId: id,
      interactionToken: token,
      applicationId: botUserId,
      channelId,
      type: 0,
      acknowledged: false,
    },
  });
  const { username, globalName } = await prisma.user.findUniqueOrThrow({ where: { id: by } });
  const user = { id: by, username, global_name: globalName, discriminator: '0', avatar: null };
  const isBetweenPeople = guildId === undefined;
  twin.gateway.broadcast('INTERACTION_CREATE', {
    id,
    application_id: botUserId,
    type,
    data,
    ...(message !== undefined && { message }),
    token,
    version: 1,
    channel_id: channelId,
    channel: { id: channelId, type: isBetweenPeople ? ChannelType.DM : ChannelType.GuildText },
    ...(isBetweenPeople
      ? { user }
      : {
          guild_id: guildId,
          guild: { id: guildId, locale: 'en-US', features: [] },
          guild_locale: 'en-US',
          member: { user, nick: null, roles: [], permissions: '2248473465835073', flags: 0 },
        }),
    // What a bot may do where a person alone has it: attach files, embed links, mention everyone.
    app_permissions: place === undefined ? '2248473465835073' : '180224',
    locale,
    entitlements: [],
    entitlement_sku_ids: [],
    attachment_size_limit: 10_485_760,
    authorizing_integration_owners: place === undefined ? { 0: guildId } : { 1: place.ownerId },
    context: isBetweenPeople ? InteractionContextType.PrivateChannel : InteractionContextType.Guild,
  });
  return { id, token };
}

/** Somebody calls a command with a slash. */
export function call(
  setting: Pick<Listening, 'twin'>,
  name: string,
  options: readonly { name: string; type: number; value: unknown }[],
  doing?: Doing,
) {
  const { resolved = {} } = doing ?? {};
  const data = { id: generateSnowflake(), name, type: 1, options, resolved };
  return interact(setting, InteractionType.ApplicationCommand, data, doing);
}

/** Somebody calls a command on a message. */
export function callOn(
  setting: Pick<Listening, 'twin'>,
  name: string,
  target: { id: string },
  doing?: Doing,
) {
  const resolved = { messages: { [target.id]: target } };
  const data = { id: generateSnowflake(), name, type: 3, target_id: target.id, resolved };
  return interact(setting, InteractionType.ApplicationCommand, data, doing);
}

/** Somebody presses a button of a message. */
export function pressOn(
  setting: Pick<Listening, 'twin'>,
  custom_id: string,
  message: APIMessage,
  doing?: Doing,
) {
  const data = { custom_id, component_type: ComponentType.Button };
  return interact(setting, InteractionType.MessageComponent, data, { ...doing, message });
}

/** Ben's message with a picture, as it comes with a command that is called on it. */
export function chartMessage(twin: Twin, channelId = twin.channelId) {
  return {
    id: generateSnowflake(),
    channel_id: channelId,
    author: { id: twin.ben, username: 'ben' },
    content: 'My chart',
    timestamp: '2026-01-02T03:04:05+00:00',
    type: 0,
    attachments: [twin.attachment(Buffer.from('a picture'), 'chart.png')],
  };
}

/** How the bot acknowledged an interaction. */
export const responseOf = ({ twin }: Pick<Listening, 'twin'>, interactionId: string) =>
  vi.waitFor(async () => {
    const response = await twin.digital.prisma.interactionResponse.findUnique({
      where: { interactionId },
    });
    if (!response?.acknowledged) throw new Error('It was not acknowledged.');
    return {
      type: response.type,
      data: response.data === null ? undefined : JSON.parse(response.data),
    };
  }, 10_000);

/** The bot answers. */
export const post = (
  { adapter }: Pick<Listening, 'adapter'>,
  target: ReplyTarget,
  text: string,
  key = 'c'.repeat(24),
) =>
  adapter.post({ ...target, text, idempotencyKey: key }, { signal: AbortSignal.timeout(60_000) });
