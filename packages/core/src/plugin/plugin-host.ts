import type { CommandDescription } from '../adapter/command-description.js';
import { VistazoError } from '../errors.js';
import type { PluginStorage } from '../store/plugin-storage.js';
import type { Clock } from './clock.js';
import type { Plugin } from './define-plugin.js';
import type { SharedFeedback } from './feedback.js';
import type { SharedForgetting } from './forgetting.js';
import { registerIsolated } from './isolated/isolated-registration.js';
import type { Announcement, AnswerContext, MessageContext } from './plugin.js';
import type { PluginMessage, SharedMessage } from './plugin-message.js';
import { inOrder } from './plugin-order.js';
import { runOutsidePlugins, storageOutsidePlugins } from './plugin-scope.js';
import { requireOwnNames } from './registered-names.js';
import { type HostServices, type Registration, register } from './registration.js';
import { type Reply, type ReplyOptions, replyOf } from './reply-options.js';
import type { Route } from './route.js';
import {
  type Aside,
  type Containment,
  type PluginMiddleware,
  runMiddleware,
} from './run-middleware.js';
import { ScheduleRunner } from './schedule-runner.js';
import { type Enabled, TenantPlugins } from './tenant-plugins.js';
import { BadToolInput, type Tool } from './tool.js';

/** What plugins are run with. @internal */
export interface PluginHostOptions extends Containment {
  plugins: readonly Plugin[];
  /** Values of a plugin in a tenant. */
  storage: (plugin: string, tenant: string) => PluginStorage;
  announce: (plugin: string, announcement: Announcement) => Promise<void>;
  clock: Clock;
  /** A log and metrics of a plugin's own. */
  telemetry: (plugin: string) => Pick<HostServices, 'log' | 'metrics'>;
  /** Whether this process is the first to take this time of a schedule. */
  claim: (plugin: string, schedule: string, atMs: number) => Promise<boolean>;
}

/** What plugins make of a message. @internal */
export interface MessageOutcome {
  /** What is answered in place of the model. */
  reply: ({ text: string } & ReplyOptions) | undefined;
  instructions: string[];
}

/** The plugins of a bot: sets them up in the order of their dependencies, and runs what they registered. @internal */
export class PluginHost {
  #plugins: readonly Plugin[];
  #running: readonly Registration[] = [];
  #stops: { plugin: string; stop: () => Promise<void> }[] = [];
  /** As each tenant has them. */
  readonly inTenants: TenantPlugins;
  readonly #schedules: ScheduleRunner;

  /** Throws `plugin.invalid` when they cannot be put in order. */
  constructor(private readonly options: PluginHostOptions) {
    this.#plugins = inOrder(options.plugins);
    this.inTenants = new TenantPlugins(
      () => this.#plugins,
      () => this.#running,
      options.storage,
      options.report,
    );
    this.#schedules = new ScheduleRunner(options);
  }

  /** Sets up and starts each plugin; one that fails is reported and left out, with those that depend on it. */
  async start(): Promise<void> {
    await this.setUp({ isStarted: true });
    this.#schedules.start(
      this.#running.flatMap(({ plugin: { name }, schedules }) =>
        schedules.map((schedule) => ({ plugin: name, schedule })),
      ),
    );
  }

  /** Sets each plugin up, as for {@link start}; by default none is started. */
  async setUp({ isStarted = false }: { isStarted?: boolean } = {}): Promise<void> {
    const running: Registration[] = [];
    const failed = new Set<string>();
    for (const plugin of this.#plugins) {
      const lacking = plugin.dependsOn.find((name) => failed.has(name));
      if (lacking !== undefined) this.#reportLeftOut(plugin, lacking);
      const registration =
        lacking === undefined ? await this.#setUpOne(plugin, running, isStarted) : undefined;
      if (registration === undefined) failed.add(plugin.name);
      else running.push(registration);
    }
    this.#running = running;
  }

  #reportLeftOut({ name }: Plugin, lacking: string): void {
    const sentence = `The plugin ${name} is left out, since ${lacking}, which it needs, failed.`;
    this.options.report(name, new VistazoError('plugin.failed', sentence));
  }

  async #setUpOne(
    plugin: Plugin,
    running: readonly Registration[],
    isStarted: boolean,
  ): Promise<Registration | undefined> {
    let started: Registration | undefined;
    await this.#contained(plugin.name, async () => {
      const { isolation } = plugin;
      const services = this.#servicesFor(plugin.name);
      const registration =
        isolation === undefined
          ? await register(plugin, services)
          : await registerIsolated(plugin, isolation, services);
      this.#stops.unshift({ plugin: plugin.name, stop: () => registration.close() });
      requireOwnNames(registration, running);
      for (const start of isStarted ? registration.starts : []) {
        const stop = await start();
        if (stop !== undefined) this.#stops.unshift({ plugin: plugin.name, stop });
      }
      started = registration;
    });
    return started;
  }

  #servicesFor(plugin: string): HostServices {
    return {
      announce: (announcement) =>
        runOutsidePlugins(() => this.options.announce(plugin, announcement)),
      ...this.options.telemetry(plugin),
      nowMs: () => this.options.clock.nowMs(),
      storage: (tenant) => this.#storage(plugin, tenant),
    };
  }

  #storage(plugin: string, tenant: string): PluginStorage {
    return storageOutsidePlugins(this.options.storage(plugin, tenant));
  }

  /** Stops the plugins, the last one first. */
  async stop(): Promise<void> {
    await this.#schedules.stop();
    const stops = this.#stops;
    this.#stops = [];
    this.#running = [];
    for (const { plugin, stop } of stops) await this.#contained(plugin, stop);
  }

  /** Puts others in place of the plugins. Throws `plugin.invalid`, and changes nothing then. */
  async reload(plugins: readonly Plugin[]): Promise<void> {
    const ordered = inOrder(plugins);
    await this.stop();
    this.#plugins = ordered;
    await this.start();
  }

  get commands(): CommandDescription[] {
    return this.#running.flatMap(({ commands }) => commands.map(({ description }) => description));
  }

  get routes(): { plugin: string; route: Route }[] {
    return this.#running.flatMap(({ plugin, routes }) =>
      routes.map((route) => ({ plugin: plugin.name, route })),
    );
  }

  /** What plugins do with a message: middleware, and in the middle of it the command that it calls. */
  async message(message: SharedMessage): Promise<MessageOutcome> {
    const enabled = await this.inTenants.enabledIn(message.facts.tenant);
    const instructions: string[] = [];
    let said: MessageOutcome['reply'];
    const reply: Reply = (text, options) => {
      said ??= { text, ...options };
    };
    const chain = enabled.flatMap(({ registration: { plugin, onMessage, commands }, config }) =>
      onMessage.map(
        (middleware): PluginMiddleware => ({
          plugin: plugin.name,
          run: (next, aside) => {
            const context: MessageContext = {
              ...this.#messageFor(plugin, config, message, aside),
              instructions,
              reply: replyOf(plugin.name, commands, reply),
            };
            return middleware(context, next);
          },
        }),
      ),
    );
    await runMiddleware(chain, this.options, () =>
      this.#command(enabled, message, { instructions, reply }),
    );
    return { reply: said, instructions };
  }

  async #command(
    enabled: readonly Enabled[],
    message: SharedMessage,
    { instructions, reply }: Pick<MessageContext, 'instructions' | 'reply'>,
  ): Promise<void> {
    const { command: call } = message.facts;
    if (call === undefined) return;
    const owner = enabled.find(({ registration }) =>
      registration.commands.some(({ description }) => description.name === call.name),
    );
    const command = owner?.registration.commands.find(
      ({ description }) => description.name === call.name,
    );
    if (owner === undefined || command === undefined)
      return reply(unknownCommand(call.name, enabled));
    const { plugin, commands } = owner.registration;
    let isForModel = false;
    let isDone = false;
    await this.#contained(plugin.name, async (aside) => {
      await command.run(call, {
        ...this.#messageFor(plugin, owner.config, message, aside),
        reply: replyOf(plugin.name, commands, reply),
        ask: (added) => {
          isForModel = true;
          if (added !== undefined) instructions.push(added);
        },
      });
      isDone = true;
    });
    // The first reply counts, so that these are said only where the command said nothing.
    if (!isDone) reply(`The command /${call.name} failed; please try again later.`);
    else if (!isForModel) reply('Done.');
  }

  /** The tools that there are for a message. */
  async tools({ facts }: SharedMessage): Promise<{ plugin: string; tool: Tool }[]> {
    return (await this.inTenants.enabledIn(facts.tenant)).flatMap(
      ({ registration: { plugin, tools } }) => tools.map((tool) => ({ plugin: plugin.name, tool })),
    );
  }

  /** Runs a tool and tells what came of it, bad input included; nothing when it failed, which is reported. */
  async runTool(
    { plugin: name, tool }: { plugin: string; tool: Tool },
    message: SharedMessage,
    input: unknown,
    callKey: string,
    tell: (outcome: unknown) => void,
  ): Promise<void> {
    const enabled = await this.inTenants.enabledIn(message.facts.tenant);
    const owner = enabled.find(({ registration }) => registration.plugin.name === name);
    if (owner === undefined) return;
    const { plugin } = owner.registration;
    await this.#contained(name, async (aside) => {
      const context = { ...this.#messageFor(plugin, owner.config, message, aside), callKey };
      const outcome = await tool.run(input, context).catch((error: unknown) => {
        if (error instanceof BadToolInput) return error;
        throw error;
      });
      tell(outcome);
    });
  }

  /** What the model is told besides, whenever it is asked. */
  async prompts(message: SharedMessage): Promise<string[]> {
    const said: string[] = [];
    for (const { registration, config } of await this.inTenants.enabledIn(message.facts.tenant))
      for (const contribution of registration.prompts)
        await this.#contained(registration.plugin.name, async (aside) => {
          const { plugin } = registration;
          const text = await contribution(this.#messageFor(plugin, config, message, aside));
          if (text !== undefined) said.push(text);
        });
    return said;
  }

  /** The answer as plugins leave it; what the first plugin sees first of a message, it sees last of the answer. */
  async answer(message: SharedMessage, text: string): Promise<string> {
    const enabled = await this.inTenants.enabledIn(message.facts.tenant);
    const shared = { text };
    const chain = enabled.toReversed().flatMap(({ registration: { plugin, onAnswer }, config }) =>
      onAnswer.map(
        (middleware): PluginMiddleware => ({
          plugin: plugin.name,
          run: (next, aside) => {
            const context: AnswerContext = {
              message: this.#messageFor(plugin, config, message, aside),
              signal: message.facts.signal,
              get text() {
                return shared.text;
              },
              set text(changed) {
                shared.text = changed;
              },
            };
            return middleware(context, next);
          },
        }),
      ),
    );
    await runMiddleware(chain, this.options);
    return shared.text;
  }

  /** Tells what somebody thinks of an answer. */
  async feedback(feedback: SharedFeedback): Promise<void> {
    for (const { registration, config } of await this.inTenants.enabledIn(feedback.tenant)) {
      const { plugin } = registration;
      const storage = this.#storage(plugin.name, feedback.tenant);
      for (const handler of registration.onFeedback)
        await this.#contained(plugin.name, () => handler({ ...feedback, config, storage }));
    }
  }

  /** Plugins that are told what is to be forgotten. */
  get forgetters(): string[] {
    return this.#running
      .filter(({ onForget }) => onForget.length > 0)
      .map(({ plugin: { name } }) => name);
  }

  /**
   * Tells plugins what is to be forgotten, by default all of them, those too that are not enabled in the
   * tenant. Gives the names of those that failed.
   */
  async forget(forgetting: SharedForgetting, names = this.forgetters): Promise<string[]> {
    const configOf = await this.inTenants.configsIn(forgetting.tenant);
    const failed = new Set<string>();
    for (const { plugin, onForget } of this.#running) {
      if (!names.includes(plugin.name)) continue;
      const config = configOf(plugin);
      const storage = this.#storage(plugin.name, forgetting.tenant);
      for (const handler of onForget) {
        const tell = () => handler({ ...forgetting, config, storage });
        if (!(await this.contained(plugin.name, tell))) failed.add(plugin.name);
      }
    }
    return [...failed];
  }

  /** Does a plugin's work; a fault is reported. Gives whether it was done. */
  async contained(plugin: string, work: () => Promise<void>): Promise<boolean> {
    let isDone = false;
    await this.#contained(plugin, async () => {
      await work();
      isDone = true;
    });
    return isDone;
  }

  #messageFor(
    plugin: Plugin,
    config: unknown,
    { facts, generator }: SharedMessage,
    aside: Aside,
  ): PluginMessage {
    return {
      ...facts,
      config,
      storage: this.#storage(plugin.name, facts.tenant),
      generate: generator(aside),
    };
  }

  #contained(plugin: string, work: (aside: Aside) => Promise<void>): Promise<void> {
    return runMiddleware([{ plugin, run: (_, aside) => work(aside) }], this.options);
  }
}

function unknownCommand(name: string, enabled: readonly Enabled[]): string {
  const known = enabled.flatMap(({ registration }) =>
    registration.commands.map(({ description }) => `/${description.name}`),
  );
  const list = known.length === 0 ? 'there are none here' : `there are ${known.join(', ')}`;
  return `There is no command /${name}; ${list}.`;
}
