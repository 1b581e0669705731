import type { CommandDescription } from '../adapter/command-description.js';
import type { Plugin } from '../plugin/define-plugin.js';
import type { PluginHost } from '../plugin/plugin-host.js';
import type { TenantPlugin } from '../plugin/tenant-plugins.js';

/** The plugins of a bot, for its operator. What a tenant has of its own is kept in the store. */
export interface PluginControl {
  /** Every plugin as a tenant has it. */
  list(tenant: string): Promise<TenantPlugin[]>;
  /** Throws `plugin.invalid` for a plugin that the bot has not, as all that follow. */
  enable(tenant: string, name: string): Promise<void>;
  /** With those that depend on it. */
  disable(tenant: string, name: string): Promise<void>;
  /** Gives a tenant a configuration of its own; null takes it back to that of the whole bot. */
  configure(tenant: string, name: string, config: unknown): Promise<void>;
  /**
   * Stops all plugins and starts these in their place, without a restart of the bot: what is under way
   * goes on with the old ones. Platforms make their commands known where these are others than before. Throws
   * `plugin.invalid` for plugins that cannot be put in order, and changes nothing then; and what a platform
   * refuses of the commands, while the new plugins run.
   */
  reload(plugins: readonly Plugin[]): Promise<void>;
}

/** @internal */
export function pluginControl(
  host: PluginHost,
  commandsChanged: (commands: readonly CommandDescription[]) => Promise<void>,
): PluginControl {
  return {
    list: (tenant) => host.inTenants.list(tenant),
    enable: (tenant, name) => host.inTenants.change(tenant, name, { enabled: null }),
    disable: (tenant, name) => host.inTenants.change(tenant, name, { enabled: false }),
    configure: (tenant, name, config) => host.inTenants.change(tenant, name, { config }),
    async reload(plugins) {
      const before = JSON.stringify(host.commands);
      await host.reload(plugins);
      const { commands } = host;
      if (JSON.stringify(commands) !== before) await commandsChanged(commands);
    },
  };
}
