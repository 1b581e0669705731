import type { Kysely, Transaction } from 'kysely';
import type { DatabaseKind } from './database-kind.js';
import { purgePictures } from './forgotten-messages.js';
import type { Database } from './schema.js';

/** Messages in one transaction: whoever else writes waits for it. */
const batchSize = 200;

/**
 * Deletes some of the messages that are older, with the conversations in which there are no others; gives
 * how many. What followed a deleted message begins its conversation. @internal
 */
export async function expireSome(
  db: Transaction<Database>,
  kind: DatabaseKind,
  beforeMs: number,
): Promise<number> {
  const old = await db
    .selectFrom('messages')
    .select(['tenant', 'id', 'conversation_id'])
    .where('created_at_ms', '<', beforeMs)
    .orderBy('created_at_ms')
    .limit(batchSize)
    .execute();
  for (const [tenant, messages] of Map.groupBy(old, (message) => message.tenant)) {
    await kind.holdPictures(db, tenant, 'deleting');
    await deleteMessages(
      db,
      tenant,
      messages.map(({ id }) => id),
    );
    const conversations = new Set(messages.map(({ conversation_id }) => conversation_id));
    for (const id of conversations) await settleConversation(db, tenant, id);
    await purgePictures(db, tenant);
  }
  return old.length;
}

/** Deletes the conversations in which nothing was ever said, and that are older. @internal */
export async function expireEmpty(db: Kysely<Database>, beforeMs: number): Promise<void> {
  await db
    .deleteFrom('conversations')
    .where('updated_at_ms', '<', beforeMs)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('messages')
            .select('messages.id')
            .whereRef('messages.tenant', '=', 'conversations.tenant')
            .whereRef('messages.conversation_id', '=', 'conversations.id'),
        ),
      ),
    )
    .execute();
}

async function deleteMessages(
  db: Kysely<Database>,
  tenant: string,
  ids: readonly string[],
): Promise<void> {
  await db
    .updateTable('messages')
    .set({ parent_id: null })
    .where('tenant', '=', tenant)
    .where('parent_id', 'in', ids)
    .execute();
  await db.deleteFrom('messages').where('tenant', '=', tenant).where('id', 'in', ids).execute();
}

/** Its title was made of what it began with; what it shows may be gone. */
async function settleConversation(db: Kysely<Database>, tenant: string, id: string): Promise<void> {
  const conversation = db.selectFrom('messages').where('tenant', '=', tenant);
  const last = await conversation
    .where('conversation_id', '=', id)
    .select('id')
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (last === undefined) {
    await db
      .deleteFrom('conversations')
      .where('tenant', '=', tenant)
      .where('id', '=', id)
      .execute();
    return;
  }
  const changing = db
    .updateTable('conversations')
    .where('tenant', '=', tenant)
    .where('id', '=', id);
  await changing.set({ title: '' }).execute();
  await changing
    .set({ shown_leaf: last.id })
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('messages')
            .select('messages.id')
            .whereRef('messages.tenant', '=', 'conversations.tenant')
            .whereRef('messages.id', '=', 'conversations.shown_leaf'),
        ),
      ),
    )
    .execute();
}
