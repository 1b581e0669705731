import type { Kysely } from 'kysely';
import type { MessageKey } from '../job-store.js';
import { nobody } from './arrivals.js';
import { messageKeyOf } from './job-rows.js';
import type { Database } from './schema.js';

/** The latest message of a person in each conversation of an adapter, the newest first. @internal */
export async function recentMessages(
  db: Kysely<Database>,
  adapter: string,
  sinceMs: number,
  maxConversations: number,
): Promise<MessageKey[]> {
  const rows = await db
    .selectFrom('jobs')
    .select(['adapter', 'tenant', 'conversation_key', 'message_id'])
    .where('id', 'in', (inner) =>
      inner
        .selectFrom('jobs')
        .select((of) => of.fn.max('id').as('id'))
        .where('adapter', '=', adapter)
        .where('posted_at_ms', '>=', sinceMs)
        .where('author_id', '!=', nobody)
        .groupBy(['tenant', 'conversation_key']),
    )
    .orderBy('id', 'desc')
    .limit(maxConversations)
    .execute();
  return rows.map(messageKeyOf);
}
