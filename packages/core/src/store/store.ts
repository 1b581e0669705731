import type { ConversationStore } from './conversation-store.js';
import type { ForgetRequest, Forgotten } from './forgetting.js';
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
  /** Tenants in which a plugin has values. */
  pluginTenants(plugin: string): Promise<string[]>;
  /**
   * Deletes all of a tenant, or of a person in it: what they wrote, what they were answered, what others
   * quote of them by their id, and in a whole tenant what plugins keep. Messages that wait are not answered
   * any more.
   */
  forget(request: ForgetRequest): Promise<Forgotten>;
  /**
   * Deletes the messages of all tenants that are older, with the pictures that no other one has, and the
   * conversations in which there is nothing else. Gives how many. An aborted `signal` leaves the rest.
   */
  expire(beforeMs: number, options?: { signal?: AbortSignal }): Promise<number>;
  /**
   * Overwrites what was deleted wherever the database may still have it on the disk. In SQLite nothing is
   * left after any deletion; PostgreSQL writes all tables anew, which takes long where they are large, and
   * holds up who uses them. Gives where something may be left, in words for operators.
   */
  overwriteDeleted(): Promise<string[]>;
  /**
   * What was forgotten by any process after what has this number: the latest number, and of which tenants it
   * was, by digests of their names.
   */
  forgottenSince(after: number): Promise<{ latest: number; tenantDigests: string[] }>;
  /** Whether something was forgotten and not overwritten since. */
  hasToOverwrite(): Promise<boolean>;
  close(): Promise<void>;
}
