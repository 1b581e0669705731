import type { Kysely } from 'kysely';
import type { ConversationStore } from '../conversation-store.js';
import type { ForgetRequest, Forgotten } from '../forgetting.js';
import type { JobStore } from '../job-store.js';
import type { PluginStorage } from '../plugin-storage.js';
import type { Store } from '../store.js';
import type { DatabaseKind } from './database-kind.js';
import { expireEmpty, expireSome } from './expired-messages.js';
import { forgetPerson, forgetTenant } from './forget-person.js';
import {
  forgettingsSince,
  hasToOverwrite,
  noteForgetting,
  noteOverwritten,
} from './forgettings.js';
import { KyselyConversationStore } from './kysely-conversation-store.js';
import { KyselyJobStore } from './kysely-job-store.js';
import { KyselyPluginStorage } from './kysely-plugin-storage.js';
import { expirePlaces } from './places.js';
import { expireActions } from './replies.js';
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

  pluginTenants(plugin: string): Promise<string[]> {
    return this.guarded(async (db) => {
      const rows = await db
        .selectFrom('plugin_values')
        .select('tenant')
        .distinct()
        .where('plugin', '=', plugin)
        .execute();
      return rows.map(({ tenant }) => tenant);
    });
  }

  async forget({ tenant, person }: ForgetRequest): Promise<Forgotten> {
    const messages = await this.inTransaction(async (db) => {
      await this.kind.holdPictures(db, tenant, 'deleting');
      await noteForgetting(db, this.kind, tenant, { isOverwritten: false });
      return person === undefined
        ? forgetTenant(db, tenant)
        : forgetPerson(db, this.kind, tenant, person);
    });
    await this.guarded((db) => this.kind.afterDeletion(db));
    return { messages };
  }

  async expire(beforeMs: number, { signal }: { signal?: AbortSignal } = {}): Promise<number> {
    let expired = 0;
    for (let some = -1; some !== 0 && !signal?.aborted; expired += some)
      some = await this.inTransaction((db) => expireSome(db, this.kind, beforeMs));
    await this.guarded(async (db) => {
      await expireEmpty(db, beforeMs);
      await expirePlaces(db, beforeMs);
      await expireActions(db, beforeMs);
      if (expired > 0) await this.kind.afterDeletion(db);
    });
    return expired;
  }

  overwriteDeleted(): Promise<string[]> {
    return this.guarded(async (db) => {
      const { latest } = await forgettingsSince(db, 0);
      const left = await this.kind.overwriteDeleted(db);
      await noteOverwritten(db, latest);
      return left;
    });
  }

  forgottenSince(after: number): Promise<{ latest: number; tenantDigests: string[] }> {
    return this.guarded((db) => forgettingsSince(db, after));
  }

  hasToOverwrite(): Promise<boolean> {
    return this.guarded(hasToOverwrite);
  }

  async close(): Promise<void> {
    await this.db.destroy();
  }
}
