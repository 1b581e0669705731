import { VistazoError } from '../errors.js';
import type { PluginStorage } from '../store/plugin-storage.js';
import type { Plugin } from './define-plugin.js';
import type { Registration } from './registration.js';
import type { ReportFault } from './run-middleware.js';
import { SettingsStorage } from './tenant-settings.js';

/** A plugin as a tenant has it. */
export interface TenantPlugin {
  name: string;
  version: string;
  enabled: boolean;
  config: unknown;
}

/** A plugin that is enabled in a tenant, with its configuration there. @internal */
export interface Enabled {
  registration: Registration;
  config: unknown;
}

/** Which plugins a tenant has, and how they are configured there. @internal */
export class TenantPlugins {
  readonly #settings: SettingsStorage;

  constructor(
    /** All that the bot was given, and those that run. */
    private readonly plugins: () => readonly Plugin[],
    private readonly running: () => readonly Registration[],
    storage: (plugin: string, tenant: string) => PluginStorage,
    private readonly report: ReportFault,
  ) {
    this.#settings = new SettingsStorage(storage);
  }

  /** Every plugin as a tenant has it. */
  async list(tenant: string): Promise<TenantPlugin[]> {
    const enabled = await this.enabledIn(tenant);
    return this.running().map(({ plugin }) => {
      const own = enabled.find(({ registration }) => registration.plugin === plugin);
      const { name, version } = plugin;
      return { name, version, enabled: own !== undefined, config: own?.config ?? plugin.config };
    });
  }

  /** Null for what the whole bot has. Throws `plugin.invalid`. */
  async change(
    tenant: string,
    name: string,
    change: { enabled?: boolean | null; config?: unknown },
  ): Promise<void> {
    const plugin = this.plugins().find((each) => each.name === name);
    if (plugin === undefined) {
      const names = this.plugins()
        .map((each) => each.name)
        .join(', ');
      throw new VistazoError(
        'plugin.invalid',
        `There is no plugin ${name}; the bot has [${names}].`,
      );
    }
    if (change.config !== undefined && change.config !== null) plugin.parseConfig(change.config);
    await this.#settings.change(tenant, name, change);
  }

  /** Those that are enabled, less those that depend on one that is not. */
  async enabledIn(tenant: string): Promise<Enabled[]> {
    if (this.running().length === 0) return [];
    const settings = await this.#settings.read(tenant);
    const enabled: Enabled[] = [];
    for (const registration of this.running()) {
      const { plugin } = registration;
      const own = settings[plugin.name];
      const lacks = plugin.dependsOn.some(
        (name) => !enabled.some((each) => each.registration.plugin.name === name),
      );
      if (own?.enabled === false || lacks) continue;
      enabled.push({ registration, config: this.#configOf(plugin, own?.config) });
    }
    return enabled;
  }

  /** As a tenant has it. One that a later version of the plugin does not take is reported and left out. */
  #configOf(plugin: Plugin, own: unknown): unknown {
    if (own === undefined) return plugin.config;
    try {
      return plugin.parseConfig(own);
    } catch (error) {
      if (error instanceof VistazoError) this.report(plugin.name, error);
      return plugin.config;
    }
  }

  /** The configurations of plugins in a tenant, also of those that are not enabled there. */
  async configsIn(tenant: string): Promise<(plugin: Plugin) => unknown> {
    const settings = await this.#settings.read(tenant);
    return (plugin) => this.#configOf(plugin, settings[plugin.name]?.config);
  }
}
