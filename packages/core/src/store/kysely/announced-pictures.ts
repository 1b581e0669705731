import type { Kysely, Transaction } from 'kysely';
import { imageIdSchema } from '../../conversation/chat-message.js';
import type { NewAnnouncement, PictureToPost } from '../job-store.js';
import type { DatabaseKind } from './database-kind.js';
import { purgePictures } from './forgotten-messages.js';
import { addPicture } from './picture-rows.js';
import type { Database } from './schema.js';

/** Keeps the pictures of an announcement until it is posted; those that a message shows are kept once. @internal */
export async function keepAnnounced(
  db: Kysely<Database>,
  jobId: number,
  { tenant, pictures = [] }: Pick<NewAnnouncement, 'tenant' | 'pictures'>,
): Promise<void> {
  for (const [position, picture] of pictures.entries()) {
    await addPicture(db, tenant, picture);
    const { id: picture_id, name, description } = picture;
    await db
      .insertInto('announced_pictures')
      .values({ job_id: jobId, position, tenant, picture_id, name, description })
      .execute();
  }
}

/** In order. @internal */
export async function announcedPictures(
  db: Kysely<Database>,
  jobId: number,
): Promise<PictureToPost[]> {
  const rows = await db
    .selectFrom('announced_pictures as announced')
    .innerJoin('pictures', (join) =>
      join
        .onRef('pictures.tenant', '=', 'announced.tenant')
        .onRef('pictures.id', '=', 'announced.picture_id'),
    )
    .select(['announced.name', 'announced.description'])
    .select(['pictures.id', 'pictures.media_type as mediaType', 'pictures.bytes'])
    .where('announced.job_id', '=', jobId)
    .orderBy('announced.position')
    .execute();
  return rows.map((row) => ({ ...row, id: imageIdSchema.parse(row.id) }));
}

/** Those of an announcement that has ended, with the bytes that nothing else refers to. Gives whether there were any. @internal */
export async function deleteAnnounced(
  db: Transaction<Database>,
  kind: DatabaseKind,
  tenant: string,
  jobId: number,
): Promise<boolean> {
  const first = await db
    .selectFrom('announced_pictures')
    .select('position')
    .where('job_id', '=', jobId)
    .executeTakeFirst();
  if (first === undefined) return false;
  await kind.holdPictures(db, tenant, 'deleting');
  await db.deleteFrom('announced_pictures').where('job_id', '=', jobId).execute();
  await purgePictures(db, tenant);
  return true;
}

/** All that are not posted yet in a tenant; their bytes go with the next `purgePictures`. @internal */
export async function forgetAnnouncedIn(db: Kysely<Database>, tenant: string): Promise<void> {
  await db.deleteFrom('announced_pictures').where('tenant', '=', tenant).execute();
}
