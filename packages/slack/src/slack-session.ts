import type {
  Adapter,
  AdapterHost,
  AnsweringEvent,
  PostedReply,
  ReplyPost,
  ReplyTarget,
  WriteOptions,
} from '@vistazo/core';
import { EventDelivery, inTime, RefusalNotices } from '@vistazo/core/adapter-kit';
import { AskedConversations } from './asked-conversations.js';
import { AssistantThreads } from './assistant/assistant-threads.js';
import { CatchUp } from './catch-up/catch-up.js';
import { MissedMessages } from './catch-up/missed-messages.js';
import { WatchedChannels } from './catch-up/watched-channels.js';
import { CalledCommands } from './commands/called-commands.js';
import { HttpReceiver } from './connection/http-receiver.js';
import { HttpServer } from './connection/http-server.js';
import { SocketReceiver } from './connection/socket-receiver.js';
import { FileFetcher, slackFiles } from './fetch-file/fetch-file.js';
import type { Interactions } from './interactions.js';
import { newInteractions } from './new-interactions.js';
import { OperatorNotices } from './operator-notices.js';
import { People } from './people.js';
import { SettingsOfPeople } from './person-settings.js';
import { placeOf } from './place.js';
import { PacedCalls } from './send-reply/paced-calls.js';
import { ReplySender } from './send-reply/reply-sender.js';
import { PictureUploads } from './send-reply/upload-pictures.js';
import { WritingNotices } from './send-reply/writing-notices.js';
import { SlackApi } from './slack-api.js';
import { newSlackApp } from './slack-app.js';
import { SlackEvents } from './slack-events.js';
import type { CheckedOptions } from './slack-options.js';
import { SlackSurroundings } from './slack-surroundings.js';
import { Threads } from './threads.js';
import { UnfinishedQuestions } from './unfinished-questions.js';
import { Workspaces } from './workspaces.js';

/** In a thread where nobody asked for longer the bot has to be mentioned again. */
const activeForMs = 30 * 86_400_000;

/** How long what people did with buttons and the like may take when the bot stops. */
const stopWithinMs = 5000;

/** A bot's time on Slack, from its start to its end. */
export class SlackSession {
  readonly api: SlackApi;
  readonly sender: ReplySender;
  readonly files: FileFetcher;
  readonly #receiver: SocketReceiver | HttpReceiver;
  /** For browsers of people who install the app, beside Socket Mode. */
  readonly #pages: HttpServer | undefined;
  readonly #workspaces: Workspaces;
  readonly #writingNotices: WritingNotices;
  readonly #refusals: RefusalNotices;
  readonly #events: SlackEvents;
  readonly #threads: Threads;
  readonly #catchUp: CatchUp;
  #preparing = Promise.resolve();
  readonly #delivery: EventDelivery;
  /** What of people is kept in memory. */
  readonly #memories: readonly Pick<Required<Adapter>, 'forgotten'>[];
  readonly #interactions: Interactions;
  readonly #assistant: AssistantThreads;
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
    const notices = new OperatorNotices(notify);
    this.api = new SlackApi({ tokenOf, clientOptions, notify, notices });
    const settings = new SettingsOfPeople((tenant) => host.storage(tenant));
    const people = new People(this.api, settings);
    this.#refusals = new RefusalNotices(notify);
    this.#writingNotices = new WritingNotices({
      api: this.api,
      languageOf: async (tenant, userId) => (await people.of(tenant, userId)).language,
      notify,
    });
    const calls = new CalledCommands();
    const paced = new PacedCalls(this.api);
    const assistant = new AssistantThreads({
      api: this.api,
      paced,
      people,
      commands: () => host.commands,
    });
    this.#assistant = assistant;
    this.files = new FileFetcher({
      api: this.api,
      tokenOf,
      files: options.files ?? slackFiles,
      notices,
    });
    this.sender = new ReplySender({
      api: this.api,
      pictures: new PictureUploads({ api: this.api, files: options.files ?? slackFiles }),
      paced,
      buttons,
      streaming,
      personOf: (tenant, userId) => people.of(tenant, userId),
      botUserIdIn,
      calls,
      onStopped: ({ tenant, conversationKey, messageId }) =>
        void this.#delivery.deliver({
          type: 'cancelled',
          eventId: `stopped ${messageId} ${Date.now()}`,
          tenant,
          conversationKey,
          messageId,
        }),
    });
    this.#delivery = new EventDelivery(host, 'Slack', notify);
    const threads = new Threads(this.api);
    this.#threads = threads;
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
        const { tenant, conversationKey, text, author } = question;
        this.sender.answers.of(question).askerId = author.id;
        if (this.#asked.latestIn(question) === undefined)
          void assistant.asked(tenant, conversationKey, text);
      },
    });
    this.#catchUp = new CatchUp({
      host,
      missed: new MissedMessages({
        calls: paced,
        host,
        asked: this.#asked,
        take: (event, place) => this.#events.heardMessage(event, place),
      }),
      watched: new WatchedChannels((tenant) => host.storage(tenant), channels),
      placeIn: (team) => workspaces.placeIn(team),
      ownTeam: () => workspaces.ownTeam,
      catchUpMs: options.catchUpMs,
      notify,
    });
    this.#interactions = newInteractions({
      host,
      api: this.api,
      people,
      settings,
      delivery: this.#delivery,
      sender: this.sender,
      threads,
      surroundings,
      asked: this.#asked,
      calls,
      assistant,
      prefix: options.commandPrefix ?? '',
    });
    const { answers } = this.sender;
    this.#memories = [threads, people, settings, calls, answers, this.#interactions];
    const { appToken, signingSecret = '', http } = options;
    const { routes } = workspaces;
    if (appToken === undefined) {
      this.#receiver = new HttpReceiver({ ...http, signingSecret, routes, notify });
      return;
    }
    const onBack = (awaySinceMs: number) => this.#lookBehind(awaySinceMs);
    this.#receiver = new SocketReceiver({ appToken, notify, onBack, ...clientOptions });
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
      interactions: this.#interactions,
      onLeft: (place) => this.#workspaces.left(place),
      notify,
    });
    await this.#catchUp.prepare();
    await this.#pages?.start();
    await app.start();
    this.#catchUp.begin();
    for (const team of new Set(known.map(({ tenant }) => tenant))) await this.#resume(team);
  }

  async post(post: ReplyPost, options: WriteOptions): Promise<string> {
    return this.#telling(post, options, () => this.sender.post(post, options));
  }

  async edit(posted: PostedReply, text: string, options: WriteOptions): Promise<void> {
    await this.#telling(posted, options, () => this.sender.edit(posted, text, options));
  }

  /** Whoever asked hears of it where nothing can be written in the place, and the operator of what is refused. */
  async #telling<Result>(
    target: ReplyTarget,
    { completes }: WriteOptions,
    write: () => Promise<Result>,
  ): Promise<Result> {
    try {
      return await write();
    } catch (error) {
      const { askerId } = this.sender.answers.of(target);
      // What is refused while it grows may be taken when it is whole.
      if (completes !== undefined)
        this.#refusals.tell(error, placeOf(target.conversationKey).channel);
      await this.#writingNotices.tell(error, target, askerId).catch(() => {});
      throw error;
    }
  }

  async #resume(team: string): Promise<void> {
    const place = await this.#workspaces.placeIn(team).catch(() => undefined);
    if (place !== undefined) await this.#events.resume(team);
  }

  /** Of what came while there was no connection Slack may send nothing again. */
  #lookBehind(heardUntilMs: number): void {
    this.#threads.missedSome();
    this.#preparing = this.#preparing
      .then(() => this.#catchUp.prepare(heardUntilMs))
      .then(() => this.#catchUp.begin())
      .catch(() =>
        this.options.notify(
          'What was posted on Slack while there was no connection could not be looked for.',
        ),
      );
  }

  /** Shows that an answer is coming. */
  async showWorking(target: ReplyTarget): Promise<void> {
    const { askerId, postIds } = this.sender.answers.of(target);
    if (postIds.length === 0) await this.#assistant.showWorking(target, askerId);
  }

  /** What happens on the way to an answer. */
  answering(target: ReplyTarget, event: AnsweringEvent): void {
    if (event.type === 'ended') this.#assistant.ended(target);
    this.sender.answering(target, event);
  }

  /** See `Adapter.forgotten`. */
  forgotten(isMeant: (tenant: string) => boolean): void {
    for (const memory of this.#memories) memory.forgotten(isMeant);
  }

  async stop(): Promise<void> {
    await Promise.all([this.#receiver.stop(), this.#pages?.stop()]);
    await this.#preparing;
    await this.#catchUp.stop();
    await this.#events.stop();
    await inTime(this.#interactions.idle(), stopWithinMs);
    this.#delivery.stop();
  }

  async close(): Promise<void> {
    await this.sender.idle();
  }
}
