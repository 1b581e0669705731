import { Counter, Gauge, Histogram, type Metric, type Registry } from 'prom-client';
import { VistazoError } from '../errors.js';

/**
 * Metrics of one plugin, beside those of the bot: `vistazo_plugin_{plugin}_{name}`. They have no labels,
 * so that their number is known; nothing that people wrote belongs into a name. Each throws
 * `plugin.invalid` for a name that is not small letters, digits and `_`, a letter first, for a help of more than 1,000
 * characters, more than 100 buckets, and where the plugin has 200 metrics already.
 */
export interface PluginMetrics {
  /** Something that only grows; `_total` is added to the name. */
  counter(name: string, help: string): { inc(by?: number): void };
  /** Something that goes up and down. */
  gauge(name: string, help: string): { set(value: number): void };
  /** How a quantity is spread; the buckets are upper bounds, by default for seconds. */
  histogram(
    name: string,
    help: string,
    buckets?: readonly number[],
  ): { observe(value: number): void };
}

/** So many metrics a plugin may have, of so long a help and so many buckets. */
const maxMetrics = 200;
const maxHelpLength = 1000;
const maxBuckets = 100;

const namePattern = /^[a-z][a-z0-9_]{0,60}$/;
const secondBuckets = [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60];

/** @internal */
export function pluginMetrics(registry: Registry, plugin: string): PluginMetrics {
  const fullName = (name: string, ending = '') => {
    if (namePattern.test(name))
      return `vistazo_plugin_${plugin.replaceAll('-', '_')}_${name}${ending}`;
    throw new VistazoError(
      'plugin.invalid',
      `The metric ${JSON.stringify(name)} of the plugin ${plugin} is not valid: small letters, digits and _, a letter first.`,
    );
  };
  /** A plugin that was loaded anew goes on counting. */
  const known = <Kind extends Metric>(
    name: string,
    about: { help: string; buckets?: readonly number[] },
    kind: new (...given: never[]) => Kind,
    make: () => Kind,
  ): Kind => {
    const found = registry.getSingleMetric(name);
    if (found instanceof kind) return found;
    requireRoom(about.help, about.buckets ?? []);
    return make();
  };
  const requireRoom = (help: string, buckets: readonly number[]) => {
    const prefix = `vistazo_plugin_${plugin.replaceAll('-', '_')}_`;
    const own = registry.getMetricsAsArray().filter(({ name }) => name.startsWith(prefix));
    const fault =
      own.length >= maxMetrics
        ? `${maxMetrics} metrics already`
        : help.length > maxHelpLength
          ? `a help of ${help.length} characters; at most ${maxHelpLength} are allowed`
          : buckets.length > maxBuckets &&
            `${buckets.length} buckets; at most ${maxBuckets} are allowed`;
    if (fault) throw new VistazoError('plugin.invalid', `The plugin ${plugin} has ${fault}.`);
  };
  const registers = [registry];
  return {
    counter(given, help) {
      const name = fullName(given, '_total');
      const counter = known(name, { help }, Counter, () => new Counter({ name, help, registers }));
      return { inc: (by = 1) => counter.inc(by) };
    },
    gauge(given, help) {
      const name = fullName(given);
      const gauge = known(name, { help }, Gauge, () => new Gauge({ name, help, registers }));
      return { set: (value) => gauge.set(value) };
    },
    histogram(given, help, buckets = secondBuckets) {
      const name = fullName(given);
      const make = () => new Histogram({ name, help, buckets: [...buckets], registers });
      const histogram = known(name, { help, buckets }, Histogram, make);
      return { observe: (value) => histogram.observe(value) };
    },
  };
}
