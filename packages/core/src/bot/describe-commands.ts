import type { CommandDescription } from '../adapter/command-description.js';
import { VistazoError } from '../errors.js';
import type { Plugin } from '../plugin/define-plugin.js';
import type { PluginStorage } from '../store/plugin-storage.js';
import { idlePlugins } from './idle-plugins.js';

/**
 * The commands that a bot with these plugins has, without a bot or a database: plugins are set up, and not
 * started. Throws `plugin.failed` when one could not be set up.
 */
export async function describeCommands(plugins: readonly Plugin[]): Promise<CommandDescription[]> {
  const faults: VistazoError[] = [];
  const host = idlePlugins({
    plugins,
    storage: storageLess,
    report: (_, fault) => faults.push(fault),
  });
  await host.setUp();
  try {
    const [fault] = faults;
    if (fault !== undefined) throw fault;
    return host.commands;
  } finally {
    await host.stop();
  }
}

/** What a plugin is handed where there is no database: it may hold it, and fails when it uses it. */
function storageLess(plugin: string): PluginStorage {
  const refuse = async () => {
    throw new VistazoError('plugin.failed', `The plugin ${plugin} has no database yet.`);
  };
  return { get: refuse, set: refuse, add: refuse, delete: refuse, keys: refuse };
}
