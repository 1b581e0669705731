import type { Kysely } from 'kysely';
import type { ConversationStore } from '../conversation-store.js';
import type { JobStore } from '../job-store.js';
import type { PluginStorage } from '../plugin-storage.js';
import type { Store } from '../store.js';
import type { DatabaseKind } from './database-kind.js';
import { KyselyConversationStore } from './kysely-conversation-store.js';
import { KyselyJobStore } from './kysely-job-store.js';
import { KyselyPluginStorage } from './kysely-plugin-storage.js';
import type { Database } from './schema.js';

/** A {@link Store} in any database that Kysely speaks to. @internal */
export class KyselyStore extends KyselyConversationStore implements Store {
  readonly jobs: JobStore;

  constructor(db: Kysely<Database>, kind: DatabaseKind, tenant: string) {
    super(db, kind, tenant);
    this.jobs = new KyselyJobStore(db, kind);
  }

  forTenant(tenant: string): ConversationStore {
    return new KyselyConversationStore(this.db, this.kind, tenant);
  }

  pluginStorage(plugin: string, tenant: string): PluginStorage {
    return new KyselyPluginStorage(this.db, this.kind, plugin, tenant);
  }

  async close(): Promise<void> {
    await this.db.destroy();
  }
}
