import type { ImageFamily, TensorFeeds } from '../family/model-family.js';

/** What the encoder takes for a black tile, to try a graph with. */
export function sampleFeeds(
  images: Pick<ImageFamily, 'layout' | 'feeds'>,
): TensorFeeds | undefined {
  const [tile] = images.layout({ widthPx: 512, heightPx: 512 }, 'fast').tiles;
  return tile && images.feeds(tile, new Uint8Array(tile.widthPx * tile.heightPx * 3));
}
