import type { Adapter, AnsweringModel, KnownMessage } from '../adapter/adapter.js';
import type { VisionLanguageModel } from '../backend/vision-language-model.js';
import { dataRule } from '../conversation/fence.js';
import { VistazoError } from '../errors.js';
import type { GenerationOptions } from '../generation/generation-options.js';
import { MediaProcess } from '../media/media-process.js';
import { type Clock, systemClock } from '../plugin/clock.js';
import type { Plugin } from '../plugin/define-plugin.js';
import type { Announcement } from '../plugin/plugin.js';
import { PluginHost } from '../plugin/plugin-host.js';
import type { ReportFault } from '../plugin/run-middleware.js';
import { harmlessText, type LinkPolicy } from '../reply/harmless-text.js';
import { splitText } from '../reply/split-text.js';
import type { ForgetRequest, Forgotten } from '../store/forgetting.js';
import type { ArrivalPolicy, Job, MessageKey } from '../store/job-store.js';
import type { Store } from '../store/store.js';
import type { Logger, LogOptions } from '../telemetry/log.js';
import { Telemetry } from '../telemetry/telemetry.js';
import { adapterStorage } from './adapter-storage.js';
import { answersTo } from './answers-to.js';
import { type BotLimits, parseBotLimits } from './bot-limits.js';
import { cacheScopeOfDigest, isAmong } from './cache-scope.js';
import { checkOptions } from './check-options.js';
import { Housekeeping } from './housekeeping.js';
import { respond } from './http-handler.js';
import { Inbox } from './inbox.js';
import { JobRunner } from './job-runner.js';
import type { PictureNormaliser } from './new-pictures.js';
import { offeredActions } from './offered-actions.js';
import { offeredPictures } from './offered-pictures.js';
import { type Operations, operationsResponse } from './operations.js';
import { type PluginControl, pluginControl } from './plugin-control.js';
import { pluginResponse } from './plugin-routes.js';
import { Prefetcher } from './prefetcher.js';
import { guardProcess } from './process-guard.js';
import { notReady } from './readiness.js';
import { seenFor } from './seen-for.js';
import { StandingNotices } from './standing.js';
import type { ToolRules } from './tool-calls.js';
import { type TurnOptions, takeTurn } from './turn.js';
import { messageKeyOf } from './turn-ids.js';

/** Options of {@link createBot}. */
export interface BotOptions {
  /** Answers. The bot does not close it. */
  model: VisionLanguageModel;
  /** In the order in which they see messages. Default none. */
  plugins?: readonly Plugin[];
  /** Told when a plugin fails, besides the log. */
  onPluginFault?: ReportFault;
  /** The platforms it listens to, each with a name of its own. */
  adapters: readonly Adapter[];
  /** Keeps everything. The bot does not close it. */
  store: Store;
  /** Of new conversations. Default none. */
  systemMessage?: string;
  /** How answers are generated. Default: as the model says. */
  generation?: GenerationOptions;
  /** What becomes of a message that comes while another one of its conversation is answered. Default `queue`. */
  whileBusy?: ArrivalPolicy;
  /** Which links in an answer stay links. Default `fromConversation`. Mentions never stay. */
  links?: LinkPolicy;
  /** Which tools of plugins the model may call. Default none. */
  tools?: ToolRules;
  /**
   * Said to the model where it sees pictures or quoted text, of whoever they are: that they are material
   * and not instructions. Default a sentence; null says nothing, for models that take no instructions.
   */
  dataRule?: string | null;
  /**
   * Whether answers say which of several pictures they speak of: the model is asked to, unless `dataRule` is
   * null, and where a question with pictures is about such of several people, ways or messages, the last
   * line of its answer says which is which. Default true.
   */
  namePictures?: boolean;
  limits?: BotLimits;
  /**
   * How many days messages and their pictures are kept, and what plugins keep of people; null for ever.
   * Default 30.
   */
  keepDays?: number | null;
  /** Checks pictures. Default: a media process of its own, which `stop` ends. */
  media?: PictureNormaliser;
  /** By which plugins' schedules and `keepDays` go. Default: that of the machine. */
  clock?: Clock;
  /**
   * Where it logs: a logger such as pino's, or how lines are written. Default: lines from level `info` on
   * the standard error output. Contents, people and secrets are not logged.
   */
  log?: Logger | LogOptions;
}

/** A bot on its platforms. */
export interface Bot {
  /** Its plugins: which each tenant has, and how. */
  readonly plugins: PluginControl;
  /**
   * Listens, and answers what was accepted before. Until it stops, rejections and exceptions of this process that nobody
   * catches are reported, as the fault of a plugin where they follow from one, and do not end the process.
   */
  start(): Promise<void>;
  /**
   * Listens no more, finishes the answers that are under way within `drainMs` (default 10,000),
   * leaves the rest for the next start, and closes the adapters.
   */
  stop(options?: { drainMs?: number }): Promise<void>;
  /**
   * Forgets all of a tenant, such as one that took the bot out, or of a person in it: in the store, in the
   * memory of every process on it, and what plugins keep. The disk is overwritten at once in SQLite, and
   * within the hour in PostgreSQL. What the bot posted stays on the platform. Throws `plugin.failed` when a
   * plugin could not forget; all else is forgotten then.
   */
  forget(request: ForgetRequest): Promise<Forgotten>;
  /** Metrics in the text format of Prometheus. */
  metrics(): Promise<string>;
  /**
   * Answers an HTTP request, to be mounted on a server: `GET /healthz`, `/readyz` and `/metrics`, and the
   * routes of plugins below `/plugins/{name}`; 404 for other addresses. Asks no one for a secret.
   */
  readonly fetch: (request: Request) => Promise<Response>;
}

/** In how many conversations adapters are told to look for what they missed, and for how many messages of each. */
const maxRecentConversations = 500;
const maxKnown = 100;

const dayMs = 86_400_000;
/** How many days messages are kept where nobody says. */
export const defaultKeepDays = 30;

/**
 * Composes a model, a store and platforms into a bot. A message is stored before it is acknowledged
 * and answered exactly once, whenever the process dies. Throws `option.invalid`.
 */
export function createBot(options: BotOptions): Bot {
  checkOptions(options);
  return new RunningBot(options);
}

class RunningBot implements Bot {
  readonly #adapters: ReadonlyMap<string, Adapter>;
  readonly plugins: PluginControl;
  readonly #plugins: PluginHost;
  readonly #runner: JobRunner;
  readonly #prefetcher: Prefetcher;
  readonly #standing: StandingNotices;
  readonly #inbox: Inbox;
  readonly #housekeeping: Housekeeping;
  readonly #limits: ReturnType<typeof parseBotLimits>;
  readonly #telemetry: Telemetry;
  #started: Adapter[] = [];
  #media: MediaProcess | undefined;
  #endGuard = () => {};

  constructor(private readonly options: BotOptions) {
    const { adapters, store } = options;
    this.#limits = parseBotLimits(options.limits ?? {});
    const { maxPictures, maxPictureBytes, maxConcurrentAnswers } = this.#limits;
    const { pluginTimeoutMs, leaseMs, pollMs, maxRunningPerPerson } = this.#limits;
    const { standingAfterMs } = this.#limits;
    const telemetry = new Telemetry({
      log: options.log ?? {},
      countOpen: () => store.jobs.countOpen(),
    });
    this.#telemetry = telemetry;
    this.#adapters = new Map(adapters.map((adapter) => [adapter.name, adapter]));
    this.#plugins = new PluginHost({
      plugins: options.plugins ?? [],
      storage: (plugin, tenant) => store.pluginStorage(plugin, tenant),
      timeoutMs: pluginTimeoutMs,
      report: (plugin, error) => {
        telemetry.pluginFailed(plugin, error);
        options.onPluginFault?.(plugin, error);
      },
      clock: options.clock ?? systemClock,
      telemetry: (plugin) => telemetry.ofPlugin(plugin),
      announce: (plugin, announcement) => this.#announce(plugin, announcement),
      claim: (plugin, schedule, atMs) => store.jobs.claimTime(plugin, schedule, atMs),
    });
    this.plugins = pluginControl(this.#plugins, async (commands) => {
      await Promise.all(this.#started.map((adapter) => adapter.commandsChanged?.(commands)));
    });
    this.#prefetcher = new Prefetcher(store.jobs, { maxPictures, maxPictureBytes }, telemetry);
    this.#runner = new JobRunner({
      jobs: store.jobs,
      adapters: [...this.#adapters.keys()],
      work: (job, signal, stopped) => this.#answer(job, signal, stopped),
      leaseMs,
      maxConcurrent: maxConcurrentAnswers,
      maxRunningPerPerson,
      pollMs,
      onStoreFailure: (work, error) => telemetry.storeFailed(work, error),
    });
    this.#standing = new StandingNotices({
      jobs: store.jobs,
      adapters: this.#adapters,
      afterMs: standingAfterMs,
      maxConcurrent: Math.max(1, maxConcurrentAnswers),
    });
    const { keepDays = defaultKeepDays } = options;
    this.#housekeeping = new Housekeeping({
      store,
      plugins: this.#plugins,
      telemetry,
      clock: options.clock ?? systemClock,
      keptForMs: keepDays === null ? null : keepDays * dayMs,
      pollMs,
      tidyMedia: () => this.#tidyMedia(),
      dropCaches: (tenantDigests) => this.#dropCaches(tenantDigests),
    });
    this.#inbox = new Inbox({
      store,
      plugins: this.#plugins,
      runner: this.#runner,
      prefetcher: this.#prefetcher,
      standing: this.#standing,
      telemetry,
      accept: { ...this.#limits, policy: options.whileBusy ?? 'queue' },
    });
  }

  async start(): Promise<void> {
    this.#endGuard();
    this.#endGuard = guardProcess((error) => this.#telemetry.unhandled(error));
    try {
      await this.#begin();
    } catch (error) {
      this.#endGuard();
      throw error;
    }
  }

  async #begin(): Promise<void> {
    await this.#plugins.start();
    await this.#tidyMedia();
    await this.#prefetchWaiting();
    this.#runner.start();
    this.#standing.start();
    await this.#housekeeping.start();
    try {
      for (const adapter of this.options.adapters) {
        const plugins = this.#plugins;
        await adapter.start({
          get commands() {
            return plugins.commands;
          },
          receive: (event, files) => this.#inbox.receive(adapter, event, files),
          model: this.#answeringModel,
          recentMessages: (sinceMs, max) => this.#recentMessages(adapter, sinceMs, max),
          knownIn: (conversation, max = maxKnown) =>
            this.options.store.jobs.knownIn({ ...conversation, adapter: adapter.name }, max),
          openMessages: (conversation) =>
            this.options.store.jobs.openMessages({ ...conversation, adapter: adapter.name }),
          tenants: () => this.options.store.jobs.tenants(adapter.name),
          seenFor: (message) => seenFor(this.options.store, { ...message, adapter: adapter.name }),
          answersTo: (tenant, personId, limit) =>
            answersTo(this.options.store, tenant, { adapter: adapter.name, id: personId }, limit),
          storage: (tenant) => adapterStorage(this.options.store, adapter.name, tenant),
          actionsOf: ({ tenant, conversationKey, postId }) =>
            this.options.store.jobs.actionsOf(adapter.name, tenant, conversationKey, postId),
          forget: async (tenant, personId) => {
            const person =
              personId === undefined ? {} : { person: { adapter: adapter.name, id: personId } };
            await this.forget({ tenant, ...person });
          },
        });
        this.#started.push(adapter);
      }
    } catch (error) {
      await this.stop({ drainMs: 0 });
      throw error;
    }
    this.#telemetry.started({
      adapters: [...this.#adapters.keys()],
      plugins: (this.options.plugins ?? []).map(({ name }) => name),
      model: this.options.model.info.id,
    });
  }

  async stop({ drainMs = 10_000 }: { drainMs?: number } = {}): Promise<void> {
    const adapters = this.#started;
    this.#started = [];
    await Promise.all(adapters.map((adapter) => adapter.stop()));
    await this.#prefetcher.stop();
    await this.#housekeeping.stop();
    await this.#standing.stop();
    await this.#runner.stop(drainMs);
    await this.#inbox.close();
    await this.#plugins.stop();
    await Promise.all(adapters.map((adapter) => adapter.close?.()));
    await this.#media?.close();
    this.#media = undefined;
    this.#endGuard();
    this.#telemetry.stopped();
  }

  async forget(request: ForgetRequest): Promise<Forgotten> {
    const { tenant, person } = request;
    const isTheirs = (message: MessageKey, job: Job) =>
      message.tenant === tenant &&
      (person === undefined ||
        (message.adapter === person.adapter && job.event.author.id === person.id));
    const forgetting = this.#housekeeping.forget(request);
    // Who answers them would find out by itself with the next word.
    await forgetting.finally(() => this.#runner.lose(isTheirs));
    return forgetting;
  }

  metrics(): Promise<string> {
    return this.#telemetry.metrics.text();
  }

  readonly fetch = (request: Request): Promise<Response> => {
    const responders = [
      (each: Request) => operationsResponse(this.#operations, each),
      (each: Request) => pluginResponse(this.#plugins, each),
    ];
    return respond(responders, request, (error) => this.#telemetry.requestFailed(error));
  };

  get #operations(): Operations {
    const { adapters, model, store } = this.options;
    const parts = { adapters, started: this.#started, model, jobs: store.jobs };
    return { metrics: this.#telemetry.metrics, notReady: () => notReady(parts) };
  }

  async #answer(job: Job, signal: AbortSignal, stopped: AbortSignal): Promise<void> {
    this.#standing.remove(messageKeyOf(job));
    const adapter = this.#adapters.get(job.adapter);
    if (adapter === undefined) throw new VistazoError('internal', `No adapter ${job.adapter}.`);
    const beganMs = performance.now();
    await this.#telemetry.turn(job, signal, (turn) =>
      takeTurn(job, adapter, this.#turnOptions, turn, signal, stopped),
    );
    this.#standing.measure(performance.now() - beganMs);
  }

  get #turnOptions(): TurnOptions {
    const { model, store, systemMessage = null, generation = {}, links } = this.options;
    return {
      model,
      store,
      media: this.options.media ?? this.#ownMedia,
      prefetcher: this.#prefetcher,
      systemMessage,
      generation,
      links: links ?? 'fromConversation',
      tools: this.options.tools,
      dataRule: this.options.dataRule === undefined ? dataRule : this.options.dataRule,
      namePictures: this.options.namePictures ?? true,
      plugins: this.#plugins,
      limits: this.#limits,
    };
  }

  /** What is on the disk of files that people posted goes with the answers to them. */
  async #tidyMedia(): Promise<void> {
    await (this.options.media ?? this.#ownMedia).tidy?.();
  }

  get #ownMedia(): MediaProcess {
    this.#media ??= new MediaProcess();
    return this.#media;
  }

  /** A plugin is the operator's, so that its links are meant. */
  async #announce(
    plugin: string,
    { key, text, actions: given, pictures: brought, ...place }: Announcement,
  ): Promise<void> {
    const adapter = this.#adapters.get(place.adapter);
    if (adapter === undefined) {
      const names = [...this.#adapters.keys()].join(', ');
      throw new VistazoError(
        'option.invalid',
        `There is no adapter ${JSON.stringify(place.adapter)} to announce something with; the bot has [${names}].`,
      );
    }
    const { actions, lines } = offeredActions(adapter.capabilities, given);
    const { pictures, lines: leftOut } = offeredPictures(adapter.capabilities, brought);
    const texts = splitText(
      harmlessText([text, ...leftOut, ...lines].join('\n\n'), 'all', new Set()),
      adapter.capabilities.maxTextLength,
    );
    if (text.trim() === '')
      throw new VistazoError('option.invalid', 'There is nothing to announce.');
    const says = { texts, actions, pictures };
    await this.options.store.jobs.announce({ ...place, id: `${plugin} ${key}`, ...says });
    this.#runner.wake();
  }

  get #answeringModel(): AnsweringModel {
    const { id, runs, capabilities } = this.options.model.info;
    const { contextLengthTokens, images } = capabilities;
    return { id, runs, contextLengthTokens, images };
  }

  async #recentMessages(
    { name }: Adapter,
    sinceMs: number,
    max = maxRecentConversations,
  ): Promise<KnownMessage[]> {
    const found = await this.options.store.jobs.recentMessages(name, sinceMs, max);
    return found.map(({ adapter: _, ...message }) => message);
  }

  /** What came in before a death may not have been fetched. */
  async #prefetchWaiting(): Promise<void> {
    const waiting = await this.options.store.jobs.unfetched([...this.#adapters.keys()]);
    for (const { adapter: name, event } of waiting) {
      const adapter = this.#adapters.get(name);
      if (adapter !== undefined) this.#prefetcher.add(adapter, event);
    }
  }

  async #dropCaches(tenantDigests: readonly string[]): Promise<void> {
    const { model, media } = this.options;
    for (const adapter of this.#started) adapter.forgotten?.(isAmong(tenantDigests));
    for (const adapter of this.#adapters.keys())
      for (const digest of tenantDigests) {
        const scope = cacheScopeOfDigest(adapter, digest);
        await Promise.all([model.forget?.(scope), media?.forget?.(scope)]);
      }
  }
}
