import type { AdapterHost } from '@vistazo/core';
import { VistazoError } from '@vistazo/core';
import { EventDelivery } from '@vistazo/core/adapter-kit';
import { z } from 'zod';
import { AskedConversations } from './asked-conversations.js';
import { SocketReceiver } from './connection/socket-receiver.js';
import { FileFetcher, slackFiles } from './fetch-file/fetch-file.js';
import { OperatorNotices } from './operator-notices.js';
import { People } from './people.js';
import { ReplySender } from './send-reply/reply-sender.js';
import { SlackApi } from './slack-api.js';
import { newSlackApp } from './slack-app.js';
import { type EventPlace, SlackEvents } from './slack-events.js';
import type { CheckedOptions } from './slack-options.js';
import { SlackSurroundings } from './slack-surroundings.js';
import { Threads } from './threads.js';
import { UnfinishedQuestions } from './unfinished-questions.js';

/** In a thread where nobody asked for longer the bot has to be mentioned again. */
const activeForMs = 30 * 86_400_000;

const authSchema = z.object({
  team_id: z.string(),
  user_id: z.string(),
  bot_id: z.string().optional(),
});

/** A bot's time on Slack, from its start to its end. */
export class SlackSession {
  readonly api: SlackApi;
  readonly sender: ReplySender;
  readonly files: FileFetcher;
  readonly #receiver: SocketReceiver;
  readonly #events: SlackEvents;
  readonly #delivery: EventDelivery;
  readonly #asked = new AskedConversations();
  readonly #botUserIds = new Map<string, string>();

  constructor(
    private readonly options: CheckedOptions,
    private readonly host: AdapterHost,
  ) {
    const { notify, buttons, channels, channelMessages, threadReplies, slackApiUrl, streaming } =
      options;
    const botUserIdIn = (team: string) => this.#botUserIds.get(team);
    const { botToken = '', appToken = '' } = options;
    const tokenOf = async () => botToken;
    const clientOptions = slackApiUrl === undefined ? {} : { slackApiUrl };
    const notices = new OperatorNotices(notify);
    this.api = new SlackApi({ tokenOf, clientOptions, notify, notices });
    const people = new People(this.api);
    this.files = new FileFetcher({
      api: this.api,
      tokenOf,
      files: options.files ?? slackFiles,
      notices,
    });
    this.sender = new ReplySender({
      api: this.api,
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
      unfinished: new UnfinishedQuestions((tenant) => host.storage(tenant)),
      rules: { channels, channelMessages, threadReplies },
      onQuestion: (question) => {
        this.sender.answers.of(question).askerId = question.author.id;
      },
    });
    this.#receiver = new SocketReceiver({ appToken, notify, ...clientOptions });
  }

  isConnected(): boolean {
    return this.#receiver.isConnected;
  }

  /** Throws `option.invalid` where Slack refuses a token. */
  async start(): Promise<void> {
    const { notify, slackApiUrl, botToken = '' } = this.options;
    const identity = authSchema.parse(
      await this.api.call({ tenant: '', method: 'auth.test' }).catch(refusedToken),
    );
    const known = await this.host.recentMessages(Date.now() - activeForMs);
    for (const message of known) this.#asked.asked(message);
    const notePlace = ({ team, botUserId }: EventPlace) =>
      void this.#botUserIds.set(team, botUserId);
    const app = newSlackApp({
      receiver: this.#receiver,
      authorize: async () => ({
        botToken,
        teamId: identity.team_id,
        botUserId: identity.user_id,
        ...(identity.bot_id !== undefined && { botId: identity.bot_id }),
      }),
      clientOptions: slackApiUrl === undefined ? {} : { slackApiUrl },
      events: this.#events,
      onLeft: (team) => this.host.forget(team),
      onPlace: notePlace,
      notify,
    });
    await app.start();
    for (const team of new Set(known.map(({ tenant }) => tenant)))
      await this.#events.resume(team, notePlace);
  }

  async stop(): Promise<void> {
    await this.#receiver.stop();
    await this.#events.stop();
    this.#delivery.stop();
  }

  async close(): Promise<void> {
    await this.sender.idle();
  }
}

function refusedToken(error: unknown): never {
  const isFinal = error instanceof VistazoError && error.code === 'platform.gone';
  throw isFinal ? new VistazoError('option.invalid', error.message, { cause: error }) : error;
}
