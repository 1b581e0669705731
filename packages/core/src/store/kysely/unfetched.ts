import type { Kysely } from 'kysely';
import type { MessageEvent } from '../../adapter/platform-event.js';
import { toMessage } from './message-content.js';
import type { Database } from './schema.js';

/** Messages that wait and bring files of which none was kept. @internal */
export async function unfetched(
  db: Kysely<Database>,
  adapters: readonly string[],
): Promise<{ adapter: string; event: MessageEvent }[]> {
  const rows = await db
    .selectFrom('jobs')
    .selectAll()
    .where('adapter', 'in', adapters)
    .where('status', '=', 'waiting')
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('files').select('files.url').whereRef('files.job_id', '=', 'jobs.id'))),
    )
    .orderBy('id')
    .execute();
  return rows
    .map((row) => ({ adapter: row.adapter, event: toMessage(row).event }))
    .filter(({ event }) => event.attachments.length > 0);
}
