import type { Kysely } from 'kysely';
import type { MessageEvent } from '../../adapter/platform-event.js';
import { asBuffer } from './as-buffer.js';
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

/** Keeps the bytes of a file of a job's message, once. @internal */
export async function keepFile(
  db: Kysely<Database>,
  jobId: number,
  url: string,
  bytes: Uint8Array,
): Promise<void> {
  await db
    .insertInto('files')
    .values({ job_id: jobId, url, bytes: asBuffer(bytes) })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** The bytes of a file of a job's message, if they were kept. @internal */
export async function keptFile(
  db: Kysely<Database>,
  jobId: number,
  url: string,
): Promise<Uint8Array | undefined> {
  const row = await db
    .selectFrom('files')
    .select('bytes')
    .where('job_id', '=', jobId)
    .where('url', '=', url)
    .executeTakeFirst();
  return row?.bytes;
}

/** Deletes those of a job's message; gives whether there were any. @internal */
export async function deleteFiles(db: Kysely<Database>, jobId: number): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('files')
    .where('job_id', '=', jobId)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}
