import { readFileSync, writeFileSync } from 'node:fs';
import { describeModel } from '@vistazo/core';
import { createImageProcessor } from '../packages/core/dist/inference/family/image-processor.js';
import { toPixelValues } from '../packages/core/dist/inference/runner/pixel-values.js';
import { MediaProcess } from '../packages/core/dist/media/media-process.js';
import { pixelValuesFile } from './measure.ts';

/**
 * Writes what Vistazo's encoder gets of each picture, float32 `[tiles, 3, height, width]`, so that
 * transformers.js can be asked about the very same pixels.
 */
export async function writePixelValues(modelFolder: string, pictures: string[]): Promise<void> {
  const { imageProcessor: config } = await describeModel(modelFolder);
  const { scaling } = createImageProcessor(config);
  const media = new MediaProcess();
  try {
    for (const picture of pictures) {
      const [made] = await media.preparePictures(readFileSync(picture), { config, maxFrames: 1 });
      if (made === undefined) throw new Error(`${picture} has no frame`);
      writeFileSync(pixelValuesFile(picture), toPixelValues(made.pixels, made, scaling));
    }
  } finally {
    await media.close();
  }
}
