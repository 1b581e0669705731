import { type AdapterHost, type CommandDescription, VistazoError } from '@vistazo/core';
import { EventDelivery, languageOf } from '@vistazo/core/adapter-kit';
import { type Client, GatewayDispatchEvents } from 'discord.js';
import { AnswerThreads } from './answer-threads.js';
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
import { LinkPreviews } from './link-previews.js';
import { MissedMessages } from './missed-messages.js';
import { ChannelPermissions } from './send-reply/channel-permissions.js';
import { ReplySender } from './send-reply/reply-sender.js';

/** A channel where nobody asked for longer is not looked at. */
const activeForMs = 30 * 86_400_000;

/** A bot's time on Discord, from its start to its end. */
export class DiscordSession {
  readonly api: DiscordApi;
  readonly sender: ReplySender;
  readonly client: Client;
  readonly #routes: InteractionRoutes;
  readonly #events: GatewayEvents;
  readonly #missed: MissedMessages;
  readonly #known: KnownCommands | undefined;
  readonly #stopped = new AbortController();
  #catchingUp = Promise.resolve();
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
    const parts = { api, sender, delivery, surroundings, threads };
    this.#events = new GatewayEvents({
      ...parts,
      client,
      interactions: new InteractionHandler({
        ...parts,
        routes,
        commands,
        sharesClient: options.client !== undefined,
        model: host.model,
        seenFor: (message) => host.seenFor(message),
        actionsOf: (post) => host.actionsOf(post),
      }),
      previews: new LinkPreviews(options.linkPreviewMs),
      channels,
      notify,
    });
    const { commands: where } = options;
    this.#known = where === null ? undefined : new KnownCommands({ api, client, where, notify });
    this.#missed = new MissedMessages(api, this.#events.missed, wanted === 'guilds');
  }

  /** Throws `option.invalid` where Discord refuses the bot or one of its commands, and for a client that lacks an intent. */
  async start(): Promise<void> {
    const { token, messageContent, notify } = this.options;
    const lacking = lackingIntents(this.client, this.options);
    if (lacking !== undefined) throw new VistazoError('option.invalid', lacking);
    const bodies = commandBodies(this.host.commands);
    this.#events.listen();
    this.client.ws.on(GatewayDispatchEvents.Ready, this.#catchUp);
    if (this.client.isReady()) this.#catchUp();
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

  async stop(): Promise<void> {
    this.client.ws.off(GatewayDispatchEvents.Ready, this.#catchUp);
    this.#stopped.abort();
    this.#delivery.stop();
    await Promise.all([this.#catchingUp, this.#events.stop()]);
  }

  async close(): Promise<void> {
    this.#routes.stop();
    await this.sender.idle();
    if (this.options.client === undefined) await this.client.destroy();
  }

  /**
   * A session begins that goes on from no other one: hands over what came in before it. What comes in it waits
   * until it is known where to look, and messages in those channels until what came before is stored, so that
   * nothing between the two is passed over, also when the process dies meanwhile.
   */
  readonly #catchUp = (): void => {
    const { catchUpMs, notify } = this.options;
    if (catchUpMs === 0) return;
    const nowMs = Date.now();
    const { signal } = this.#stopped;
    const channels = this.host
      .recentMessages(nowMs - activeForMs)
      .then((messages) => this.#missed.withChannelsOfThreads(messages, signal))
      .then((messages) =>
        messages.map((known) => ({ known, release: this.#delivery.hold(known.conversationKey) })),
      );
    this.#events.holdUntil(channels.then(ignore, ignore));
    this.#catchingUp = this.#catchingUp
      .then(async () => this.#missed.find(await channels, nowMs - catchUpMs, signal))
      .catch(() => {
        if (!signal.aborted)
          notify('Messages that came in while the bot was away could not all be looked for.');
      });
  };
}

function ignore(): void {}
