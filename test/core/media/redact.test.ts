import { MediaProcess, type PixelRectangle } from '@vistazo/core';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';

const media = new MediaProcess();
afterAll(() => media.close());

const [width, height] = [40, 30];
const channels = 3;

/** Pixels without any order. */
const pixels = fc.uint8Array({ minLength: width * height * 3, maxLength: width * height * 3 });
const rectangle = fc.record({
  x: fc.double({ min: 0, max: width - 1, noNaN: true }),
  y: fc.double({ min: 0, max: height - 1, noNaN: true }),
  width: fc.double({ min: 0.5, max: 60, noNaN: true }),
  height: fc.double({ min: 0.5, max: 60, noNaN: true }),
});

const pngOf = (data: Uint8Array) =>
  sharp(data, { raw: { width, height, channels } }).png().toBuffer();
const pixelsOf = (bytes: Uint8Array) => sharp(bytes).raw().toBuffer();

function isCovered(index: number, rectangles: readonly PixelRectangle[]): boolean {
  const [column, row] = [
    Math.floor(index / channels) % width,
    Math.floor(index / channels / width),
  ];
  return rectangles.some(
    ({ x, y, width: wide, height: high }) =>
      column + 1 > x && column < x + wide && row + 1 > y && row < y + high,
  );
}

describe('redaction', () => {
  it('gives the same bytes whatever was below the rectangles, and keeps the rest as it is', async () => {
    await fc.assert(
      fc.asyncProperty(
        pixels,
        pixels,
        fc.array(rectangle, { minLength: 1, maxLength: 4 }),
        async (data, hidden, rectangles) => {
          const mixed = data.map((value, index) =>
            isCovered(index, rectangles) ? (hidden[index] as number) : value,
          );
          const one = await media.redact(await pngOf(data), { rectangles });
          const other = await media.redact(await pngOf(mixed), { rectangles });
          expect(Buffer.from(one.bytes).equals(other.bytes)).toBe(true);
          const left = await pixelsOf(one.bytes);
          const expected = data.map((value, index) =>
            isCovered(index, rectangles) ? 0x60 : value,
          );
          expect(left.equals(Buffer.from(expected))).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('leaves no metadata, no transparency and no orientation behind', async () => {
    const tagged = await sharp({
      create: { width, height, channels: 4, background: { r: 9, g: 8, b: 7, alpha: 0.2 } },
    })
      .withExif({ IFD0: { Copyright: 'somebody' } })
      .withMetadata({ orientation: 6 })
      .png()
      .toBuffer();
    const rectangles = [{ x: 0, y: 0, width: 5, height: 5 }];
    const { bytes, widthPx, heightPx } = await media.redact(tagged, { rectangles });
    const { exif, orientation, hasAlpha } = await sharp(bytes).metadata();
    expect({ exif, orientation, hasAlpha }).toEqual({ hasAlpha: false });
    expect([widthPx, heightPx]).toEqual([height, width]);
  });

  it('gives only what was looked at of an animation', async () => {
    const raw = { width, height: 2 * height, channels, pageHeight: height } as const;
    const moving = await sharp(Buffer.alloc(width * 2 * height * channels, 7).fill(200, 3600), {
      raw,
    })
      .webp({ lossless: true })
      .toBuffer();
    const { bytes, frames } = await media.redact(moving, { rectangles: [] });
    expect(frames).toBe(1);
    expect(new Set(await pixelsOf(bytes))).toEqual(new Set([7]));
  });

  it.each([
    ['beyond the edge', { x: 40, y: 0, width: 5, height: 5 }],
    ['without width', { x: 1, y: 1, width: 0, height: 5 }],
    ['that is turned round', { x: 9, y: 9, width: -5, height: -5 }],
    ['of no numbers', { x: Number.NaN, y: 1, width: 5, height: 5 }],
  ])('refuses a rectangle %s', async (_, wrong) => {
    const bytes = await pngOf(new Uint8Array(width * height * channels));
    await expect(media.redact(bytes, { rectangles: [wrong] })).rejects.toMatchObject({
      code: 'option.invalid',
      message: expect.stringContaining('covers nothing of a picture of 40 × 30'),
    });
  });
});
