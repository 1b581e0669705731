import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImageFamily } from '../../../../packages/core/src/inference/family/model-family.ts';
import { VisionEncoder } from '../../../../packages/core/src/inference/runner/vision-encoder.ts';
import { describeTiny, eyesOf, processed } from '../tiny-model.ts';

let encoder: VisionEncoder;
let images: ImageFamily;
beforeAll(async () => {
  const description = await describeTiny();
  images = eyesOf(description);
  encoder = await VisionEncoder.open(description.graphs.paths.vision ?? '', { intraOpThreads: 1 });
});

afterAll(async () => {
  await encoder.close();
});

describe('the vision encoder', () => {
  it('gives the features of each tile, as many as its tokens', async () => {
    const { layout, pixels } = processed(images, [128, 64]);
    expect(layout.tiles.length).toBeGreaterThan(1);
    for (const [index, tile] of layout.tiles.entries()) {
      const { data, tokens, hidden } = await encoder.encode(
        images.feeds(tile, pixels[index] ?? new Uint8Array()),
      );
      expect([tokens, hidden, data.length]).toEqual([tile.imageTokens, 64, 4 * 64]);
    }
  });

  it('refuses tiles of another size than its graph takes', () => {
    const [tile] = images.layout({ widthPx: 64, heightPx: 64 }, 'fast').tiles;
    if (tile === undefined) throw new Error('no tile');
    const other = { ...tile, widthPx: 16 };
    expect(() => encoder.requireFeeds(images.feeds(other, new Uint8Array(16 * 32 * 3)))).toThrow(
      /takes pixel_values of the shape .* do not belong together/,
    );
  });
});
