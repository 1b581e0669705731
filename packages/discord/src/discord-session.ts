import type { AdapterHost } from '@vistazo/core';
import { EventDelivery, InOrder, languageOf } from '@vistazo/core/adapter-kit';
import { type Client, GatewayDispatchEvents, Routes } from 'discord.js';
import { AnswerThreads } from './answer-threads.js';
import { CatchUp } from './catch-up.js';
import { ChangedMessages } from './changed-messages.js';
import { ClientSurroundings } from './client-surroundings.js';
import { commandBodies } from './commands/command-bodies.js';
import { InteractionHandler } from './commands/interaction-handler.js';
import { InteractionRoutes } from './commands/interaction-routes.js';
import { contentNotice, logIn, newClient, untilReady } from './connection.js';
import { DiscordApi } from './discord-api.js';
import type { CheckedOptions } from './discord-options.js';
import { GatewayEvents } from './gateway-events.js';
import { LeftAnswers } from './left-answers.js';
import { readySchema } from './left-guilds.js';
import { LinkPreviews } from './link-previews.js';
import { MissedMessages } from './missed-messages.js';
import { ChannelPermissions } from './send-reply/channel-permissions.js';
import { ReplySender } from './send-reply/reply-sender.js';

/** A bot's time on Discord, from its start to its end. */
export class DiscordSession {
  readonly api: DiscordApi;
  readonly sender: ReplySender;
  readonly client: Client;
  readonly #events: GatewayEvents;
  readonly #catchUp: CatchUp;
  readonly #left: LeftAnswers;
  readonly #delivery: EventDelivery;

  constructor(
    private readonly options: CheckedOptions,
    private readonly host: AdapterHost,
  ) {
    const { notify, channels } = options;
    const client = options.client ?? newClient(options);
    this.client = client;
    const api = new DiscordApi(client.rest);
    this.api = api;
    const routes = new InteractionRoutes();
    const delivery = new EventDelivery(host, 'Discord', notify);
    this.#delivery = delivery;
    const surroundings = new ClientSurroundings(client, api, options.messageContent);
    const permissions = new ChannelPermissions(client);
    const { threads: wanted } = options;
    const threads = new AnswerThreads({
      client,
      api,
      surroundings,
      permissions,
      threads: wanted,
      notify,
    });
    const sender = new ReplySender({
      api,
      routes,
      buttons: options.buttons,
      language: (tenant) => languageOf(client.guilds.cache.get(tenant)?.preferredLocale),
      permissions,
      notify,
      startedAtMs: Date.now(),
    });
    this.sender = sender;
    const commands = () => host.commands;
    const order = new InOrder();
    const parts = { api, sender, delivery, surroundings, threads, order };
    const left = new LeftAnswers({ api, botId: () => surroundings.botId });
    this.#left = left;
    this.#events = new GatewayEvents({
      ...parts,
      left,
      client,
      interactions: new InteractionHandler({
        ...parts,
        routes,
        commands,
        model: host.model,
        seenFor: (message) => host.seenFor(message),
      }),
      previews: new LinkPreviews(options.linkPreviewMs),
      channels,
      notify,
    });
    const { missed, changed } = this.#events;
    this.#catchUp = new CatchUp({
      api,
      host,
      delivery,
      missed: new MissedMessages(api, missed, wanted === 'guilds'),
      changed: new ChangedMessages({ api, host, delivery, order, left, changed }),
      holdUntil: (done) => this.#events.holdUntil(done),
      catchUpMs: options.catchUpMs,
      notify,
    });
  }

  /** Throws `option.invalid` where Discord refuses the bot or one of its commands. */
  async start(): Promise<void> {
    const { token, messageContent, notify, commands } = this.options;
    const bodies = commandBodies(this.host.commands);
    this.#events.listen();
    this.client.ws.on(GatewayDispatchEvents.Ready, this.#heardReady);
    const { guilds, ws } = this.client;
    if (this.client.isReady()) this.#beginCatchUp([...guilds.cache.keys()], [...ws.shards.keys()]);
    try {
      if (token === undefined) await untilReady(this.client);
      else await logIn(this.client, token);
      if (!messageContent) notify(contentNotice);
      if (commands !== null) await this.#makeKnown(bodies, commands);
      this.#events.begin();
    } catch (error) {
      await this.stop();
      await this.close();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.client.ws.off(GatewayDispatchEvents.Ready, this.#heardReady);
    this.#delivery.stop();
    await Promise.all([this.#left.stop(), this.#catchUp.stop(), this.#events.stop()]);
  }

  async close(): Promise<void> {
    await this.sender.idle();
    if (this.options.client === undefined) await this.client.destroy();
  }

  /** A session begins that goes on from no other one. */
  readonly #heardReady = (data: unknown, shardId: number): void => {
    const guildIds = readySchema.safeParse(data).data?.guilds.map(({ id }) => id);
    if (guildIds !== undefined) this.#beginCatchUp(guildIds, [shardId]);
  };

  #beginCatchUp(guildIds: readonly string[], shardIds: readonly number[]): void {
    const { shardCount = 1 } = this.client.options;
    this.#catchUp.begin({ guildIds, shardIds, shardCount });
  }

  /** Replaces those that were there, so that it may be done again and again. */
  async #makeKnown(body: unknown, where: 'global' | readonly string[]): Promise<void> {
    const id = this.client.application?.id ?? '';
    const routes =
      where === 'global'
        ? [Routes.applicationCommands(id)]
        : where.map((guildId) => Routes.applicationGuildCommands(id, guildId));
    for (const route of routes) {
      await this.api.call({ method: 'Put', route, body }).catch(() => {
        this.options.notify(
          'The commands could not be made known to Discord; invite the bot with the scope applications.commands, and start it again.',
        );
      });
    }
  }
}
