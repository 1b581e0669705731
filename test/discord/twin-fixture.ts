import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Adapter, AnsweringModel } from '@vistazo/core';
import type { AdapterFixture } from '@vistazo/core/testing';
import { createDiscordAdapter, type DiscordAdapterOptions } from '@vistazo/discord';
import {
  type APIAttachment,
  type APIMessage,
  type APIModalInteractionResponseCallbackData,
  ChannelType,
  InteractionType,
} from 'discord.js';
import { DigitalDiscord, type DiscordGateway, generateSnowflake } from 'discord-digital-twin';
import { z } from 'zod';
import { CommandRegister } from './command-register.ts';
import { onLoopback } from './loopback.ts';
import { type FrontAnswer, type FrontCall, TwinFront } from './twin-front.ts';

type AdapterOptions = Omit<DiscordAdapterOptions, 'token' | 'client' | 'files'>;

/** What an adapter is told of the model where a test has none. */
export const twinModel: AnsweringModel = {
  id: 'twin-model',
  runs: 'here',
  contextLengthTokens: 8192,
  images: true,
};

const withGateway = z.object({
  gateway: z.custom<DiscordGateway>((value) => typeof value === 'object'),
});

const rowsSchema = z.array(
  z.object({
    components: z.array(
      z.object({ label: z.string().default(''), custom_id: z.string().default('') }),
    ),
  }),
);
const labelsSchema = z.array(
  z.object({
    component: z.object({
      type: z.int(),
      custom_id: z.string(),
      value: z.string().optional(),
      options: z.array(z.object({ value: z.string(), default: z.boolean() })).optional(),
    }),
  }),
);

/** discord-digital-twin behind its front, with one server, its channels and two people. It is no Discord. */
export class Twin {
  readonly digital: DigitalDiscord;
  readonly front: TwinFront;
  readonly channelIds: readonly string[];
  readonly ana = generateSnowflake();
  readonly ben = generateSnowflake();
  readonly #folder: string;

  private constructor(folder: string, channels: number) {
    this.#folder = folder;
    this.channelIds = Array.from({ length: channels }, () => generateSnowflake());
    this.digital = new DigitalDiscord({
      dbUrl: `file:${join(folder, 'twin.db')}`,
      channels: this.channelIds.map((id, index) => ({
        id,
        name: index === 0 ? 'general' : `general-${index + 1}`,
        type: ChannelType.GuildText,
      })),
      users: [
        { id: this.ana, username: 'Ana' },
        { id: this.ben, username: 'Ben' },
      ],
    });
    this.front = new TwinFront(() => this.digital.restUrl);
  }

  static async start({ channels = 1 } = {}): Promise<Twin> {
    const twin = new Twin(await mkdtemp(join(tmpdir(), 'vistazo-twin-')), channels);
    await onLoopback(() => twin.digital.start());
    await twin.front.start();
    twin.front.intercept((call) => twin.#beginThread(call));
    const register = new CommandRegister();
    twin.front.intercept((call) => register.answer(call));
    return twin;
  }

  /** Throws where the bot sent something that Discord would refuse. */
  async stop(): Promise<void> {
    await this.digital.stop();
    await this.front.stop();
    await this.digital.prisma.$disconnect();
    await rm(this.#folder, { recursive: true, force: true });
    if (this.front.brokenLimits.length > 0) throw new Error(this.front.brokenLimits.join('\n'));
  }

  /** How an adapter speaks with the twin in place of Discord. */
  newAdapter({ clientOptions, ...options }: AdapterOptions = {}): Adapter {
    return createDiscordAdapter({
      token: this.digital.botToken,
      notify: () => {},
      ...options,
      clientOptions: {
        ...clientOptions,
        rest: { api: `${this.front.origin}/api`, version: '10' },
      },
      files: {
        hosts: [{ host: new URL(this.front.origin).host }],
        allowAddress: (address) => address === '127.0.0.1',
      },
    });
  }

  /** The first one. */
  get channelId(): string {
    return this.channelIds[0] ?? '';
  }

  /** Threads of messages have their ids on Discord, and others on the twin. */
  async #beginThread({ method, path, body }: FrontCall): Promise<FrontAnswer | undefined> {
    const [, channelId, id] = /^\/channels\/(\d+)\/messages\/(\d+)\/threads$/.exec(path) ?? [];
    if (method !== 'POST' || channelId === undefined || id === undefined) return undefined;
    const { channel } = this.digital.prisma;
    if ((await channel.findUnique({ where: { id } })) !== null)
      return { status: 400, body: { code: 160004, message: 'A thread has already been created' } };
    const name = String(body.name);
    const about = { id, type: ChannelType.PublicThread, name };
    const { guildId, botId } = this;
    await channel.create({ data: { ...about, guildId, parentId: channelId, ownerId: botId } });
    const thread = {
      ...about,
      guild_id: guildId,
      parent_id: channelId,
      owner_id: botId,
      thread_metadata: { archived: false, auto_archive_duration: 1440, locked: false },
    };
    this.gateway.broadcast('THREAD_CREATE', { ...thread, newly_created: true });
    return { status: 201, body: thread };
  }

  get guildId(): string {
    return this.digital.guildId;
  }

  get botId(): string {
    return this.digital.botUserId;
  }

  get gateway(): DiscordGateway {
    return withGateway.parse(Reflect.get(this.digital, 'server')).gateway;
  }

  /** Somebody posts a message; gives its id. */
  async say(
    content: string,
    message: {
      by?: string;
      /** Default the first channel. */
      channelId?: string;
      pictures?: readonly Uint8Array[];
      attachments?: readonly APIAttachment[];
      replyTo?: string;
    } = {},
  ): Promise<string> {
    const { by = this.ana, channelId = this.channelId, pictures = [], replyTo } = message;
    const files = pictures.map((bytes, index) =>
      this.attachment(bytes, `picture-${index + 1}.png`),
    );
    const { id } = await this.digital
      .channel(channelId)
      .user(by)
      .sendMessage({
        content,
        attachments: [...files, ...(message.attachments ?? [])],
        ...(replyTo !== undefined && {
          messageReference: { message_id: replyTo, channel_id: channelId, type: 0 },
        }),
      });
    return id;
  }

  /** Somebody mentions the bot. */
  ask(text: string, message?: Parameters<Twin['say']>[1]): Promise<string> {
    return this.say(`<@${this.botId}> ${text}`, message);
  }

  /** A file as Discord tells of it. */
  attachment(bytes: Uint8Array, filename: string, description?: string): APIAttachment {
    const url = this.front.addFile(bytes, filename);
    return {
      id: generateSnowflake(),
      filename,
      content_type: 'image/png',
      size: bytes.length,
      url,
      proxy_url: url,
      ...(description !== undefined && { description }),
    };
  }

  /** The bot's messages in a channel, in order. */
  async posts(channelId = this.channelId): Promise<APIMessage[]> {
    const messages = await this.digital.channel(channelId).getMessages();
    return messages.filter(({ author }) => author.id === this.botId);
  }

  /** The bot's messages that reply to one. */
  async repliesTo(messageId: string): Promise<APIMessage[]> {
    const posts = await this.posts();
    return posts.filter(({ message_reference }) => message_reference?.message_id === messageId);
  }

  /** Whoever manages the server takes permissions from everybody in the channel, the bot included. */
  async deny(permissions: bigint): Promise<void> {
    const channel = await this.digital.prisma.channel.findUniqueOrThrow({
      where: { id: this.channelId },
    });
    const everybody = { id: this.guildId, type: 0, allow: '0', deny: String(permissions) };
    this.gateway.broadcast('CHANNEL_UPDATE', {
      id: channel.id,
      type: channel.type,
      guild_id: this.guildId,
      name: channel.name,
      permission_overwrites: permissions === 0n ? [] : [everybody],
    });
  }

  press(customId: string, on: string, by = this.ana): Promise<{ id: string }> {
    return this.digital.channel(this.channelId).user(by).clickButton({ messageId: on, customId });
  }

  /** Buttons that a plugin put below a message, in order. */
  actionsOf({ components = [] }: APIMessage): { label: string; custom_id: string }[] {
    const buttons = rowsSchema.parse(components).flatMap((row) => row.components);
    return buttons.filter(({ custom_id }) => custom_id.startsWith('vistazo call '));
  }

  /** The dialog that was opened by an interaction, once it was acknowledged; undefined where none was. */
  async dialogOf(
    interactionId: string,
  ): Promise<APIModalInteractionResponseCallbackData | undefined> {
    const channel = this.digital.channel(this.channelId);
    await channel.waitForInteractionAck({ interactionId });
    const response = await channel.getInteractionResponse(interactionId);
    return response?.type === 9 ? JSON.parse(response.data ?? '') : undefined;
  }

  /** Somebody changes these values in a dialog, leaves the others as they are shown, and sends it. */
  submit(
    dialog: APIModalInteractionResponseCallbackData,
    values: Record<string, string>,
    on: string,
  ): Promise<{ id: string }> {
    const components = labelsSchema.parse(dialog.components).map(({ component }) => {
      const { type, custom_id, value = '', options = [] } = component;
      const chosen = options.find((option) => option.default)?.value ?? value;
      const said = values[custom_id] ?? chosen;
      const filled = type === 3 ? { values: said === '' ? [] : [said] } : { value: said };
      return { type: 18, component: { type, custom_id, ...filled } };
    });
    return this.digital.simulateInteraction({
      type: InteractionType.ModalSubmit,
      channelId: this.channelId,
      userId: this.ana,
      messageId: on,
      data: { custom_id: dialog.custom_id, components },
    });
  }

  command(
    name: string,
    options: { name: string; type: number; value: string | boolean }[],
    by = this.ana,
  ): Promise<{ id: string }> {
    return this.digital.channel(this.channelId).user(by).runSlashCommand({ name, options });
  }
}

/** For the contract of the core. */
export async function twinFixture(): Promise<AdapterFixture> {
  const twin = await Twin.start();
  const person = twin.digital.channel(twin.channelId).user(twin.ana);
  return {
    adapter: twin.newAdapter(),
    post: (text, pictures = []) => twin.ask(text, { pictures }),
    async redeliver(messageId) {
      const messages = await twin.digital.channel(twin.channelId).getMessages();
      const message = messages.find(({ id }) => id === messageId);
      if (message !== undefined) twin.gateway.broadcastMessageCreate(message, twin.guildId);
    },
    edit: async (messageId, text) =>
      void (await person.editMessage({ messageId, content: `<@${twin.botId}> ${text}` })),
    delete: (messageId) => person.deleteMessage({ messageId }),
    stop: async (messageId) =>
      void (await twin.press(`vistazo stop ${messageId} ${twin.ana}`, messageId)),
    rate: async (messageId, rating) =>
      void (await twin.press(`vistazo ${rating} ${messageId} ${twin.ana}`, messageId)),
    async command(name, options) {
      const given = Object.entries(options).map(([key, value]) => ({ name: key, type: 3, value }));
      return `command:${(await twin.command(name, given)).id}`;
    },
    actions: async (messageId) => {
      const posts = await twin.repliesTo(messageId);
      return posts.flatMap((post) => twin.actionsOf(post).map(({ label }) => label));
    },
    async press(messageId, label, values) {
      for (const post of await twin.repliesTo(messageId)) {
        const button = twin.actionsOf(post).find((each) => each.label === label);
        if (button === undefined) continue;
        const pressed = await twin.press(button.custom_id, post.id);
        const dialog = await twin.dialogOf(pressed.id);
        if (dialog === undefined) return `command:${pressed.id}`;
        return `command:${(await twin.submit(dialog, values, post.id)).id}`;
      }
      throw new Error(`There is no button ${label}.`);
    },
    leave: async (tenant) => twin.gateway.broadcast('GUILD_DELETE', { id: tenant }),
    announcements: async () =>
      (await twin.posts())
        .filter(({ message_reference }) => message_reference === undefined)
        .map(({ content }) => content),
    pictures: async (channelId) =>
      twin.front.calls
        .filter(
          ({ method, path }) => method === 'POST' && path === `/channels/${channelId}/messages`,
        )
        .flatMap(({ attachments }) =>
          attachments.map(({ bytes, description = '' }) => ({ bytes, description })),
        ),
    answers: async (messageId) => (await twin.repliesTo(messageId)).map(({ content }) => content),
    close: () => twin.stop(),
  };
}
