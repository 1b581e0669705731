import { createHash } from 'node:crypto';
import type { ProcessedPicture } from '../family/image-layout.js';

const digests = new WeakMap<ProcessedPicture, string[]>();

/** One digest for each tile, the same for tiles of which a model sees the same. @internal */
export function tileDigests(picture: ProcessedPicture): readonly string[] {
  const known = digests.get(picture);
  if (known !== undefined) return known;
  const { layout, pixels } = picture;
  const found = layout.tiles.map(({ widthPx, heightPx, imageTokens }, index) =>
    createHash('sha256')
      .update(`${widthPx}x${heightPx} ${imageTokens}`)
      .update(pixels[index] ?? new Uint8Array())
      .digest('hex'),
  );
  digests.set(picture, found);
  return found;
}

/** The same for pictures of which a model sees the same. @internal */
export function digestOf(picture: ProcessedPicture): string {
  return createHash('sha256').update(tileDigests(picture).join()).digest('hex');
}
