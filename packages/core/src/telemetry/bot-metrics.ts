import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { type PluginMetrics, pluginMetrics } from './plugin-metrics.js';
import { ProcessMetrics } from './process-metrics.js';
import { within } from './within.js';

/** A store that does not answer by then is left out of a scrape. */
const countTimeoutMs = 2000;
const waitBuckets = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];
const turnBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/**
 * What a bot counts, in a registry of its own. Labels have few values: names of adapters and plugins,
 * documented codes and outcomes; never a tenant, a person or a content. @internal
 */
export class BotMetrics {
  readonly #registry = new Registry();
  readonly process = new ProcessMetrics(this.#registry);
  readonly events = this.#counter('events', 'Events that adapters handed over.', [
    'adapter',
    'type',
    'result',
  ]);
  readonly running = new Gauge({
    name: 'vistazo_jobs_running',
    help: 'Messages that this process answers now.',
    registers: [this.#registry],
  });
  readonly waitSeconds = this.#histogram(
    'vistazo_job_wait_seconds',
    'From the acceptance of a message to its first attempt.',
    ['adapter'],
    waitBuckets,
  );
  readonly turnSeconds = this.#histogram(
    'vistazo_turn_seconds',
    'An attempt to answer a message, by what came of it.',
    ['adapter', 'outcome'],
    turnBuckets,
  );
  readonly firstTextSeconds = this.#histogram(
    'vistazo_first_text_seconds',
    'From the beginning of an attempt to the first text of the model.',
    ['adapter'],
    turnBuckets,
  );
  readonly tokens = this.#counter('tokens', 'Tokens of prompts and answers.', ['type']);
  readonly modelSeconds = this.#counter('model_seconds', 'Time that the model worked.', []);
  readonly generationFailures = this.#counter(
    'generation_failures',
    'Answers that the model did not finish.',
    ['code'],
  );
  readonly pictures = this.#counter('pictures', 'Pictures of messages: taken, or why not.', [
    'result',
  ]);
  readonly platformCalls = this.#counter('platform_calls', 'Posts, edits and removals.', [
    'adapter',
    'call',
    'result',
  ]);
  readonly pluginFaults = this.#counter('plugin_faults', 'Failures of plugins.', ['plugin']);
  readonly storeFailures = this.#counter('store_failures', 'Failures of the store.', []);

  constructor(countOpen: () => Promise<number>) {
    new Gauge({
      name: 'vistazo_jobs_open',
      help: 'Messages in the store that wait or are answered, by whatever process.',
      registers: [this.#registry],
      async collect() {
        this.set(await within(countTimeoutMs, countOpen()).catch(() => Number.NaN));
      },
    });
  }

  ofPlugin(plugin: string): PluginMetrics {
    return pluginMetrics(this.#registry, plugin);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All of them in the text format of Prometheus. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #counter<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
    return new Counter({
      name: `vistazo_${name}_total`,
      help,
      labelNames,
      registers: [this.#registry],
    });
  }

  #histogram<Label extends string>(
    name: string,
    help: string,
    labelNames: Label[],
    buckets: number[],
  ): Histogram<Label> {
    return new Histogram({ name, help, labelNames, buckets, registers: [this.#registry] });
  }
}
