import { VistazoError } from '../errors.js';
import type { PluginStorage } from '../store/plugin-storage.js';
import type { Plugin } from './define-plugin.js';
import type { AnswerContext, MessageContext, PluginContext } from './plugin.js';
import { type PluginMiddleware, type ReportFault, runMiddleware } from './run-middleware.js';

/** What plugins are run with. @internal */
export interface PluginHostOptions {
  plugins: readonly Plugin[];
  /** Values of a plugin in a tenant. */
  storage: (plugin: string, tenant: string) => PluginStorage;
  /** Longest time of a plugin's own for one step. */
  timeoutMs: number;
  report: ReportFault;
}

type Start = Parameters<PluginContext<unknown>['onStart']>[0];

/** The plugins of a bot: sets them up in the order of their dependencies, and runs what they registered. @internal */
export class PluginHost {
  readonly #ordered: readonly Plugin[];
  #onMessage: PluginMiddleware<MessageContext>[] = [];
  #onAnswer: PluginMiddleware<AnswerContext>[] = [];
  #stops: { plugin: string; stop: () => Promise<void> }[] = [];

  /** Throws `plugin.invalid` when two have one name, one lacks, or they depend on each other in a circle. */
  constructor(private readonly options: PluginHostOptions) {
    this.#ordered = inOrder(options.plugins);
  }

  /** Sets up and starts each plugin; one that fails is reported and left out, with those that depend on it. */
  async start(): Promise<void> {
    const failed = new Set<string>();
    for (const plugin of this.#ordered) {
      const lacking = plugin.dependsOn.find((name) => failed.has(name));
      if (lacking !== undefined) this.#reportLeftOut(plugin, lacking);
      if (lacking !== undefined || !(await this.#startOne(plugin))) failed.add(plugin.name);
    }
  }

  #reportLeftOut({ name }: Plugin, lacking: string): void {
    const sentence = `The plugin ${name} is left out, since ${lacking}, which it needs, failed.`;
    this.options.report(name, new VistazoError('plugin.failed', sentence));
  }

  async #startOne(plugin: Plugin): Promise<boolean> {
    const { name } = plugin;
    const onMessage: PluginMiddleware<MessageContext>[] = [];
    const onAnswer: PluginMiddleware<AnswerContext>[] = [];
    const starts: Start[] = [];
    let done = false;
    await this.#contained(name, async () => {
      await plugin.setup({
        onMessage: (middleware) => onMessage.push({ plugin: name, middleware }),
        onAnswer: (middleware) => onAnswer.push({ plugin: name, middleware }),
        onStart: (start) => starts.push(start),
        storage: (tenant) => this.options.storage(name, tenant),
      });
      for (const start of starts) {
        const stop = await start();
        if (stop !== undefined) this.#stops.unshift({ plugin: name, stop });
      }
      done = true;
    });
    if (!done) return false;
    this.#onMessage.push(...onMessage);
    // What the first plugin sees first of a message, it sees last of the answer.
    this.#onAnswer.unshift(...onAnswer);
    return true;
  }

  /** Stops the plugins, the last one first. */
  async stop(): Promise<void> {
    const stops = this.#stops;
    this.#stops = [];
    this.#onMessage = [];
    this.#onAnswer = [];
    for (const { plugin, stop } of stops) await this.#contained(plugin, stop);
  }

  /** What plugins do with a message. */
  message(context: MessageContext): Promise<void> {
    return runMiddleware(this.#onMessage, context, this.options);
  }

  /** What plugins do with an answer. */
  answer(context: AnswerContext): Promise<void> {
    return runMiddleware(this.#onAnswer, context, this.options);
  }

  #contained(plugin: string, middleware: () => Promise<void>): Promise<void> {
    return runMiddleware([{ plugin, middleware }], undefined, this.options);
  }
}

/** Each after those it depends on, otherwise as given. */
function inOrder(plugins: readonly Plugin[]): Plugin[] {
  const byName = new Map(plugins.map((plugin) => [plugin.name, plugin]));
  if (byName.size < plugins.length) {
    const names = plugins.map(({ name }) => name).join(', ');
    throw new VistazoError('plugin.invalid', `Two plugins have the same name: ${names}.`);
  }
  const ordered = new Set<Plugin>();
  const add = (plugin: Plugin, path: readonly string[]) => {
    if (path.includes(plugin.name)) {
      const circle = [...path, plugin.name].join(' → ');
      throw new VistazoError('plugin.invalid', `Plugins depend on each other: ${circle}.`);
    }
    for (const name of plugin.dependsOn) {
      const needed = byName.get(name);
      if (needed === undefined) {
        throw new VistazoError(
          'plugin.invalid',
          `The plugin ${plugin.name} needs the plugin ${name}; add it to the bot.`,
        );
      }
      add(needed, [...path, plugin.name]);
    }
    ordered.add(plugin);
  };
  for (const plugin of plugins) add(plugin, []);
  return [...ordered];
}
