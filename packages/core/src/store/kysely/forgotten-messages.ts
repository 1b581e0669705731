import type { Kysely } from 'kysely';
import type { Database } from './schema.js';

/** Rows in one statement, well below what databases take. */
const maxRows = 500;

/** Calls `work` with some of the values at a time. @internal */
export async function inBatches<Value>(
  values: readonly Value[],
  work: (some: Value[]) => Promise<unknown>,
): Promise<void> {
  for (let start = 0; start < values.length; start += maxRows)
    await work(values.slice(start, start + maxRows));
}

/**
 * Takes from messages what they say and whose they are, and from their conversations the title, which is
 * made of what was said. They keep their places, so that what follows them does. @internal
 */
export async function emptyMessages(
  db: Kysely<Database>,
  tenant: string,
  ids: readonly string[],
): Promise<void> {
  await inBatches(ids, async (some) => {
    await db
      .deleteFrom('parts')
      .where('tenant', '=', tenant)
      .where('message_id', 'in', some)
      .execute();
    await db
      .updateTable('conversations')
      .set({ title: '' })
      .where('tenant', '=', tenant)
      .where('id', 'in', (inner) =>
        inner
          .selectFrom('messages')
          .select('conversation_id')
          .where('messages.tenant', '=', tenant)
          .where('messages.id', 'in', some),
      )
      .execute();
    await db
      .updateTable('messages')
      .set({ error_message: null, seen: null, person_adapter: null, person_id: null })
      .where('tenant', '=', tenant)
      .where('id', 'in', some)
      .execute();
  });
}

/**
 * Deletes the pictures that no message and nothing that is to be posted refers to. They come in together with what
 * refers to them, so that none is waiting for one. @internal
 */
export async function purgePictures(db: Kysely<Database>, tenant: string): Promise<void> {
  await db
    .deleteFrom('pictures')
    .where('tenant', '=', tenant)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('parts')
            .select('parts.position')
            .whereRef('parts.tenant', '=', 'pictures.tenant')
            .whereRef('parts.picture_id', '=', 'pictures.id'),
        ),
      ),
    )
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('announced_pictures as announced')
            .select('announced.position')
            .whereRef('announced.tenant', '=', 'pictures.tenant')
            .whereRef('announced.picture_id', '=', 'pictures.id'),
        ),
      ),
    )
    .execute();
}
