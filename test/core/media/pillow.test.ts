import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { MediaProcess } from '@vistazo/core';
import { afterAll, describe, expect, it } from 'vitest';
import { type Frame, framesOf } from './media-fixture.ts';

interface Vectors {
  pillow: string;
  pictures: { name: string; size: [number, number]; file: string; frames: string[] }[];
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../reference/media/pictures.json', import.meta.url), 'utf8'),
);
const media = new MediaProcess();
afterAll(() => media.close());

describe(`the pixels of a picture are those that Pillow ${vectors.pillow} shows`, () => {
  for (const { name, size, file, frames } of vectors.pictures) {
    const [widthPx, heightPx] = size;
    const bytes = Buffer.from(file, 'base64');
    const tilePx = Math.min(8, widthPx);
    const expected: Frame[] = frames.map((frame) => ({
      widthPx,
      heightPx,
      pixels: new Uint8Array(inflateSync(Buffer.from(frame, 'base64'))),
    }));

    it(name, async () => {
      expect(await framesOf(media, bytes, { tilePx })).toEqual(expected);
    });

    it(`${name}, as it is stored`, async () => {
      const { bytes: stored, ...info } = await media.normalise(bytes);
      expect(info).toMatchObject({ widthPx, heightPx, frames: frames.length });
      expect(await framesOf(media, stored, { tilePx })).toEqual(expected);
    });
  }
});
