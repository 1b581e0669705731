import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { MediaProcess } from '@vistazo/core';
import { afterAll, describe, expect, it } from 'vitest';
import { type Frame, framesOf } from './media-fixture.ts';

interface Vectors {
  pillow: string;
  transformers: string;
  pictures: {
    name: string;
    size: [number, number];
    /** How far a colour may be from the reference's, of 255. */
    maxDifference: number;
    file: string;
    frames: string[];
  }[];
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../reference/media/pictures.json', import.meta.url), 'utf8'),
);
const media = new MediaProcess();
afterAll(() => media.close());

function expectFrames(seen: Frame[], expected: Frame[], maxDifference: number): void {
  const sizes = (frames: Frame[]) => frames.map(({ widthPx, heightPx }) => [widthPx, heightPx]);
  expect(sizes(seen)).toEqual(sizes(expected));
  for (const [index, { pixels }] of expected.entries()) {
    const differences = seen[index]?.pixels.map((value, at) => Math.abs(value - (pixels[at] ?? 0)));
    expect(Math.max(...(differences ?? [Number.NaN]))).toBeLessThanOrEqual(maxDifference);
  }
}

const { pillow, transformers, pictures } = vectors;
describe(`the pixels of a picture are those of Pillow ${pillow} and transformers ${transformers}`, () => {
  for (const { name, size, maxDifference, file, frames } of pictures) {
    const [widthPx, heightPx] = size;
    const bytes = Buffer.from(file, 'base64');
    const tilePx = Math.min(8, widthPx);
    const expected: Frame[] = frames.map((frame) => ({
      widthPx,
      heightPx,
      pixels: new Uint8Array(inflateSync(Buffer.from(frame, 'base64'))),
    }));

    it(name, async () => {
      expect(await media.inspect(bytes)).toMatchObject({
        widthPx,
        heightPx,
        frames: frames.length,
      });
      expectFrames(await framesOf(media, bytes, { tilePx }), expected, maxDifference);
    });

    it(`${name}, as it is stored`, async () => {
      const { bytes: stored, ...info } = await media.normalise(bytes);
      expect(info).toMatchObject({ widthPx, heightPx, frames: frames.length });
      expectFrames(await framesOf(media, stored, { tilePx }), expected, maxDifference);
    });
  }
});
