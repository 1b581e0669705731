import type { Kysely } from 'kysely';
import type { PictureRecord } from '../conversation-store.js';
import { asBuffer } from './as-buffer.js';
import type { Database } from './schema.js';

/** Keeps a picture in a tenant, once for its id. @internal */
export async function addPicture(
  db: Kysely<Database>,
  tenant: string,
  { id, mediaType, widthPx, heightPx, frames, bytes }: PictureRecord,
): Promise<void> {
  await db
    .insertInto('pictures')
    .values({
      tenant,
      id,
      media_type: mediaType,
      width_px: widthPx,
      height_px: heightPx,
      frames: frames ?? null,
      bytes: asBuffer(bytes),
    })
    .onConflict((conflict) => conflict.columns(['tenant', 'id']).doNothing())
    .execute();
}

/** Frames of a stored picture: a PNG has one. @internal */
export function framesOf({
  frames,
  media_type: mediaType,
}: {
  frames: number | null;
  media_type: string | null;
}): { frames?: number } {
  if (frames !== null) return { frames };
  return mediaType === 'image/png' ? { frames: 1 } : {};
}
