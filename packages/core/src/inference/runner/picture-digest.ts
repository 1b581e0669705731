import { createHash } from 'node:crypto';
import type { ProcessedPicture } from '../family/processed-picture.js';

const digests = new WeakMap<ProcessedPicture, string>();

/** The same for pictures of which a model sees the same, worked out once for each. @internal */
export function digestOf(picture: ProcessedPicture): string {
  const known = digests.get(picture);
  if (known !== undefined) return known;
  const size = `${picture.tiles}x${picture.tileWidthPx}x${picture.tileHeightPx}`;
  const digest = createHash('sha256').update(size).update(picture.pixels).digest('hex');
  digests.set(picture, digest);
  return digest;
}
