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

const never = new AbortController().signal;

describe('the vision encoder', () => {
  it('gives the features of every tile in order, the global image last', async () => {
    const picture = processor.process(formulaPicture(128, 64));
    const { data, tokens, hidden } = await encoder.encode(picture, never);
    expect([tokens, hidden]).toEqual([picture.tiles * 4, 64]);
    const tileBytes = picture.pixels.length / picture.tiles;
    const last = {
      ...picture,
      tiles: 1,
      pixels: picture.pixels.subarray((picture.tiles - 1) * tileBytes),
    };
    const alone = await encoder.encode(last, never);
    expect(Array.from(data.subarray(-alone.data.length))).toEqual(Array.from(alone.data));
  });

  it('stops between two tiles when aborted', async () => {
    const controller = new AbortController();
    const encoding = encoder.encode(processor.process(formulaPicture(128, 128)), controller.signal);
    setImmediate(() => controller.abort());
    await expect(encoding).rejects.toThrow(/abort/i);
  });
});
