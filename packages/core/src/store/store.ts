import type { ConversationStore } from './conversation-store.js';
import type { JobStore } from './job-store.js';
import type { PluginStorage } from './plugin-storage.js';

/**
 * Everything that a bot keeps, in one database. As a {@link ConversationStore} it is that of the
 * tenant it was opened for; `close` closes the database for all.
 */
export interface Store extends ConversationStore {
  /** The conversations of another tenant in the same database. */
  forTenant(tenant: string): ConversationStore;
  /** The values of a plugin in a tenant. */
  pluginStorage(plugin: string, tenant: string): PluginStorage;
  /** Of all tenants. */
  readonly jobs: JobStore;
  close(): Promise<void>;
}
