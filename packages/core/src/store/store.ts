import type { ConversationStore } from './conversation-store.js';
import type { JobStore } from './job-store.js';

/**
 * Everything that a bot keeps, in one database. As a {@link ConversationStore} it is that of the
 * tenant it was opened for; `close` closes the database for all.
 */
export interface Store extends ConversationStore {
  /** The conversations of another tenant in the same database. */
  forTenant(tenant: string): ConversationStore;
  /** Of all tenants. */
  readonly jobs: JobStore;
  close(): Promise<void>;
}
