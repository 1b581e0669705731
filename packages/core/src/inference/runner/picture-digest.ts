import { createHash } from 'node:crypto';
import type { ProcessedPicture } from '../family/processed-picture.js';

const digests = new WeakMap<ProcessedPicture, string[]>();

/** One digest for each tile, the same for tiles of which a model sees the same. @internal */
export function tileDigests(picture: ProcessedPicture): readonly string[] {
  const known = digests.get(picture);
  if (known !== undefined) return known;
  const { tiles, pixels, tileWidthPx, tileHeightPx } = picture;
  const bytes = pixels.length / tiles;
  const found = Array.from({ length: tiles }, (_, tile) =>
    createHash('sha256')
      .update(`${tileWidthPx}x${tileHeightPx}`)
      .update(pixels.subarray(tile * bytes, (tile + 1) * bytes))
      .digest('hex'),
  );
  digests.set(picture, found);
  return found;
}

/** The same for pictures of which a model sees the same. @internal */
export function digestOf(picture: ProcessedPicture): string {
  return createHash('sha256').update(tileDigests(picture).join()).digest('hex');
}
