import type { Adapter, AdapterHost, CommandDescription } from '@vistazo/core';
import { VistazoError } from '@vistazo/core';
import { EventDelivery, InOrder, languageOf } from '@vistazo/core/adapter-kit';
import { type Client, GatewayDispatchEvents } from 'discord.js';
import { AnswerThreads } from './answer-threads.js';
import { CatchUp } from './catch-up.js';
import { ChangedMessages } from './changed-messages.js';
import { ClientSurroundings } from './client-surroundings.js';
import { commandBodies } from './commands/command-bodies.js';
import { InteractionHandler } from './commands/interaction-handler.js';
import { InteractionRoutes } from './commands/interaction-routes.js';
import { KnownCommands } from './commands/known-commands.js';
import { tellTokenEnds } from './commands/tell-token-ends.js';
import { contentNotice, lackingIntents, logIn, newClient, untilReady } from './connection.js';
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
  readonly #routes: InteractionRoutes;
  readonly #events: GatewayEvents;
  readonly #known: KnownCommands | undefined;
  readonly #catchUp: CatchUp;
  readonly #left: LeftAnswers;
  readonly #delivery: EventDelivery;
  /** What of people is kept in memory. */
  readonly #memories: readonly Pick<Required<Adapter>, 'forgotten'>[];

  constructor(
    private readonly options: CheckedOptions,
    private readonly host: AdapterHost,
  ) {
    const { notify, channels } = options;
    const client = options.client ?? newClient(options);
    this.client = client;
    const api = new DiscordApi(client.rest);
    this.api = api;
    const routes = new InteractionRoutes((route, messageId) => {
      // Whoever waits sees what Discord says by itself where this fails.
      tellTokenEnds(api, route, messageId).catch(() => {});
    });
    this.#routes = routes;
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
    const interactions = new InteractionHandler({
      ...parts,
      routes,
      commands,
      sharesClient: options.client !== undefined,
      model: host.model,
      seenFor: (message) => host.seenFor(message),
      actionsOf: (post) => host.actionsOf(post),
    });
    this.#memories = [interactions, sender.answers];
    this.#events = new GatewayEvents({
      ...parts,
      left,
      client,
      interactions,
      previews: new LinkPreviews(options.linkPreviewMs),
      channels,
      notify,
    });
    const { commands: where } = options;
    this.#known = where === null ? undefined : new KnownCommands({ api, client, where, notify });
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

  /** Throws `option.invalid` where Discord refuses the bot or one of its commands, and for a client that lacks an intent. */
  async start(): Promise<void> {
    const { token, messageContent, notify } = this.options;
    const lacking = lackingIntents(this.client, this.options);
    if (lacking !== undefined) throw new VistazoError('option.invalid', lacking);
    const bodies = commandBodies(this.host.commands);
    this.#events.listen();
    this.client.ws.on(GatewayDispatchEvents.Ready, this.#heardReady);
    const { guilds, ws } = this.client;
    if (this.client.isReady()) this.#beginCatchUp([...guilds.cache.keys()], [...ws.shards.keys()]);
    try {
      if (token === undefined) await untilReady(this.client);
      else await logIn(this.client, token);
      if (!messageContent) notify(contentNotice);
      await this.#known?.makeKnown(bodies);
      this.#events.begin();
    } catch (error) {
      await this.stop();
      await this.close();
      throw error;
    }
  }

  /** Throws `option.invalid` for a command that Discord cannot have. */
  async commandsChanged(commands: readonly CommandDescription[]): Promise<void> {
    await this.#known?.makeKnown(commandBodies(commands));
  }

  /** See `Adapter.forgotten`. */
  forgotten(isMeant: (tenant: string) => boolean): void {
    for (const memory of this.#memories) memory.forgotten(isMeant);
  }

  async stop(): Promise<void> {
    this.client.ws.off(GatewayDispatchEvents.Ready, this.#heardReady);
    this.#delivery.stop();
    await Promise.all([this.#left.stop(), this.#catchUp.stop(), this.#events.stop()]);
  }

  async close(): Promise<void> {
    this.#routes.stop();
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
}
