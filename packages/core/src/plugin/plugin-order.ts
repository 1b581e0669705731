import { VistazoError } from '../errors.js';
import type { Plugin } from './define-plugin.js';

/**
 * Each after those it depends on, otherwise as given. Throws `plugin.invalid` when two have one name,
 * one lacks, or they depend on each other in a circle. @internal
 */
export function inOrder(plugins: readonly Plugin[]): Plugin[] {
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
