import { z } from 'zod';
import type { PluginStorage } from '../store/plugin-storage.js';

const settingsSchema = z.record(
  z.string(),
  z.object({ enabled: z.boolean().optional(), config: z.unknown().optional() }),
);
/** What a tenant has otherwise than the bot as a whole, by plugin. @internal */
export type TenantSettings = z.infer<typeof settingsSchema>;

/** No plugin can have this name, so that none reaches the values. */
const owner = ':settings';
const key = 'plugins';

/** Where tenants keep which plugins they have, and how. @internal */
export class SettingsStorage {
  constructor(private readonly storage: (plugin: string, tenant: string) => PluginStorage) {}

  async read(tenant: string): Promise<TenantSettings> {
    return settingsSchema.parse((await this.storage(owner, tenant).get(key)) ?? {});
  }

  /** Changes the settings of one plugin; null takes one back to that of the whole bot. */
  async change(
    tenant: string,
    plugin: string,
    change: { enabled?: boolean | null; config?: unknown },
  ): Promise<void> {
    const settings = await this.read(tenant);
    const merged = Object.entries({ ...settings[plugin], ...change });
    const own = Object.fromEntries(merged.filter(([, value]) => value !== null));
    await this.storage(owner, tenant).set(key, { ...settings, [plugin]: own });
  }
}
