import { readFileSync, writeFileSync } from 'node:fs';
import { describeModel } from '@vistazo/core';
import { openFamily } from '../packages/core/dist/inference/family/registry.js';
import { MediaProcess } from '../packages/core/dist/media/media-process.js';
import { pixelValuesFile } from './measure.ts';

/**
 * Writes what Vistazo's encoder gets of each picture, float32 `[tiles, 3, height, width]`, so that
 * transformers.js can be asked about the very same pixels.
 */
export async function writePixelValues(modelFolder: string, pictures: string[]): Promise<void> {
  const { family } = await describeModel(modelFolder);
  const { images } = openFamily(family);
  if (images === undefined) throw new Error(`${modelFolder} cannot see`);
  const media = new MediaProcess();
  try {
    for (const picture of pictures) {
      const options = { family, budget: 'full', maxFrames: 1 } as const;
      const [made] = await media.preparePictures(readFileSync(picture), options);
      if (made === undefined) throw new Error(`${picture} has no frame`);
      const tiles = made.layout.tiles.map((tile, index) => {
        const { pixel_values } = images.feeds(tile, made.pixels[index] ?? new Uint8Array());
        return Buffer.from(Float32Array.from(pixel_values?.data as Float32Array).buffer);
      });
      writeFileSync(pixelValuesFile(picture), Buffer.concat(tiles));
    }
  } finally {
    await media.close();
  }
}
