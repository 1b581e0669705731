import type { CommandDescription } from '../adapter/command-description.js';
import { VistazoError } from '../errors.js';
import type { Plugin } from '../plugin/define-plugin.js';
import { idlePlugins } from './idle-plugins.js';

/**
 * The commands that a bot with these plugins has, without a bot or a database: plugins are set up, and not
 * started. Throws `plugin.failed` when one could not be set up.
 */
export async function describeCommands(plugins: readonly Plugin[]): Promise<CommandDescription[]> {
  const faults: VistazoError[] = [];
  const host = idlePlugins({
    plugins,
    storage: (plugin) => {
      throw new VistazoError('plugin.failed', `The plugin ${plugin} has no database yet.`);
    },
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
