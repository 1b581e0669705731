import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createImageProcessor } from '../../../../packages/core/src/inference/family/image-processor.ts';
import { VisionEncoder } from '../../../../packages/core/src/inference/runner/vision-encoder.ts';
import { formulaPicture } from '../../image/formula-picture.ts';
import { describeTiny } from '../tiny-model.ts';

let encoder: VisionEncoder;
let processor: ReturnType<typeof createImageProcessor>;
beforeAll(async () => {
  const { imageProcessor, graphs } = await describeTiny();
  processor = createImageProcessor(imageProcessor);
  encoder = await VisionEncoder.open(graphs.paths.vision_encoder, processor.scaling, {
    intraOpThreads: 1,
  });
});

afterAll(async () => {
  await encoder.close();
});

describe('the vision encoder', () => {
  it('gives the features of each tile as if it were alone', async () => {
    const picture = processor.process(formulaPicture(128, 64));
    const tileBytes = picture.pixels.length / picture.tiles;
    for (let tile = 0; tile < picture.tiles; tile += 1) {
      const { data, tokens, hidden } = await encoder.encodeTile(picture, tile);
      expect([tokens, hidden]).toEqual([4, 64]);
      const own = picture.pixels.subarray(tile * tileBytes, (tile + 1) * tileBytes);
      const alone = await encoder.encodeTile({ ...picture, tiles: 1, pixels: own }, 0);
      expect(Array.from(data)).toEqual(Array.from(alone.data));
    }
  });
});
