import type { AdapterHost } from '@vistazo/core';
import { EventDelivery } from '@vistazo/core/adapter-kit';
import { AskedConversations } from './asked-conversations.js';
import { HttpReceiver } from './connection/http-receiver.js';
import { HttpServer } from './connection/http-server.js';
import { SocketReceiver } from './connection/socket-receiver.js';
import { FileFetcher, slackFiles } from './fetch-file/fetch-file.js';
import { People } from './people.js';
import { ReplySender } from './send-reply/reply-sender.js';
import { PictureUploads } from './send-reply/upload-pictures.js';
import { SlackApi } from './slack-api.js';
import { newSlackApp } from './slack-app.js';
import { SlackEvents } from './slack-events.js';
import type { CheckedOptions } from './slack-options.js';
import { SlackSurroundings } from './slack-surroundings.js';
import { Threads } from './threads.js';
import { Workspaces } from './workspaces.js';

/** In a thread where nobody asked for longer the bot has to be mentioned again. */
const activeForMs = 30 * 86_400_000;

/** A bot's time on Slack, from its start to its end. */
export class SlackSession {
  readonly api: SlackApi;
  readonly sender: ReplySender;
  readonly files: FileFetcher;
  readonly #receiver: SocketReceiver | HttpReceiver;
  /** For browsers of people who install the app, beside Socket Mode. */
  readonly #pages: HttpServer | undefined;
  readonly #workspaces: Workspaces;
  readonly #events: SlackEvents;
  readonly #delivery: EventDelivery;
  readonly #asked = new AskedConversations();

  constructor(
    private readonly options: CheckedOptions,
    private readonly host: AdapterHost,
  ) {
    const { notify, buttons, channels, channelMessages, threadReplies, slackApiUrl, streaming } =
      options;
    const workspaces = new Workspaces(options, host);
    this.#workspaces = workspaces;
    const botUserIdIn = (team: string) => workspaces.botUserIdIn(team);
    const tokenOf = (team: string) => workspaces.tokenOf(team);
    const clientOptions = slackApiUrl === undefined ? {} : { slackApiUrl };
    this.api = new SlackApi({ tokenOf, clientOptions, notify });
    const people = new People(this.api);
    this.files = new FileFetcher({
      api: this.api,
      tokenOf,
      files: options.files ?? slackFiles,
      notify,
    });
    this.sender = new ReplySender({
      api: this.api,
      pictures: new PictureUploads({ api: this.api, files: options.files ?? slackFiles }),
      buttons,
      streaming,
      personOf: (tenant, userId) => people.of(tenant, userId),
      botUserIdIn,
      onStopped: ({ tenant, conversationKey, messageId }) =>
        void this.#delivery.deliver({
          type: 'cancelled',
          eventId: `stopped ${messageId} ${Date.now()}`,
          tenant,
          conversationKey,
          messageId,
        }),
      startedAtMs: Date.now(),
    });
    this.#delivery = new EventDelivery(host, 'Slack', notify);
    const threads = new Threads(this.api);
    const surroundings = new SlackSurroundings({
      people,
      threads,
      asked: this.#asked,
      botUserIdIn,
    });
    this.#events = new SlackEvents({
      receive: (event) => host.receive(event),
      surroundings,
      threads,
      asked: this.#asked,
      rules: { channels, channelMessages, threadReplies },
      onQuestion: (question) => {
        this.sender.answers.of(question).askerId = question.author.id;
      },
    });
    const { appToken, signingSecret = '', http } = options;
    const { routes } = workspaces;
    if (appToken === undefined) {
      this.#receiver = new HttpReceiver({ ...http, signingSecret, routes, notify });
      return;
    }
    this.#receiver = new SocketReceiver({ appToken, notify, ...clientOptions });
    if (routes.length > 0) this.#pages = new HttpServer({ ...http, routes });
  }

  isConnected(): boolean {
    return this.#receiver.isConnected;
  }

  /**
   * Throws `option.invalid` where Slack refuses a token, `platform.failed` where it cannot be reached, and
   * `server.failed` where the port cannot be used.
   */
  async start(): Promise<void> {
    const { notify, slackApiUrl } = this.options;
    await this.#workspaces.open();
    const known = await this.host.recentMessages(Date.now() - activeForMs);
    for (const message of known) this.#asked.asked(message);
    const app = newSlackApp({
      receiver: this.#receiver,
      authorize: (place) => this.#workspaces.authorize(place),
      clientOptions: slackApiUrl === undefined ? {} : { slackApiUrl },
      events: this.#events,
      onLeft: (place) => this.#workspaces.left(place),
      notify,
    });
    await this.#pages?.start();
    await app.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#receiver.stop(), this.#pages?.stop()]);
    await this.#events.idle();
    this.#delivery.stop();
  }

  async close(): Promise<void> {
    await this.sender.idle();
  }
}
