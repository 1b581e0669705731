import { MediaProcess } from '@vistazo/core';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';

const media = new MediaProcess();
afterAll(() => media.close());

/** Rectangles of grey on grey, as dialogs have them. */
const rectangle = fc.record({
  x: fc.integer({ min: 0, max: 300 }),
  y: fc.integer({ min: 0, max: 200 }),
  width: fc.integer({ min: 40, max: 300 }),
  height: fc.integer({ min: 40, max: 200 }),
  grey: fc.integer({ min: 0, max: 255 }),
});
type Rectangle = typeof rectangle extends fc.Arbitrary<infer Value> ? Value : never;
const layout = fc.array(rectangle, { minLength: 6, maxLength: 9 });

function draw(rectangles: readonly Rectangle[], scale = 1): Promise<Uint8Array> {
  const shapes = rectangles
    .map(
      ({ x, y, width, height, grey }) =>
        `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="rgb(${grey},${grey},${grey})"/>`,
    )
    .join('');
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${400 * scale}" height="${300 * scale}" viewBox="0 0 400 300"><rect width="400" height="300" fill="white"/>${shapes}</svg>`;
  return sharp(Buffer.from(svg)).png().toBuffer();
}

function distance(a: string, b: string): number {
  return (BigInt(`0x${a}`) ^ BigInt(`0x${b}`)).toString(2).replaceAll('0', '').length;
}

describe('perceptual hash', () => {
  it('has 64 bits as hexadecimal digits, also of a picture of one colour', async () => {
    const create = { width: 5, height: 400, channels: 3, background: 'white' } as const;
    const hash = await media.perceptualHash(await sharp({ create }).png().toBuffer());
    expect(hash).toMatch(/^[0-9a-f]{16}$/);
  });

  it('hardly changes when a picture is encoded anew or has another size', async () => {
    await fc.assert(
      fc.asyncProperty(layout, fc.constantFrom(0.6, 1.4, 2), async (rectangles, scale) => {
        const hash = await media.perceptualHash(await draw(rectangles));
        const jpeg = await sharp(await draw(rectangles))
          .jpeg({ quality: 70 })
          .toBuffer();
        expect(distance(hash, await media.perceptualHash(jpeg))).toBeLessThanOrEqual(8);
        const scaled = await draw(rectangles, scale);
        expect(distance(hash, await media.perceptualHash(scaled))).toBeLessThanOrEqual(8);
      }),
      { numRuns: 25, seed: 4 },
    );
  });

  it('tells pictures apart that are laid out otherwise', async () => {
    const near: number[] = [];
    const drawn = fc.sample(layout, { numRuns: 12, seed: 4 });
    const hashes: string[] = [];
    for (const each of drawn) hashes.push(await media.perceptualHash(await draw(each)));
    for (const [index, hash] of hashes.entries())
      near.push(...hashes.slice(index + 1).map((other) => distance(hash, other)));
    expect(Math.min(...near)).toBeGreaterThan(8);
  });

  it('is that of the picture as people see it, turned by its orientation', async () => {
    const upright = await draw(fc.sample(layout, { numRuns: 1, seed: 9 })[0] ?? []);
    const lying = await sharp(upright).rotate(-90).png().toBuffer();
    const turned = await sharp(lying).withMetadata({ orientation: 6 }).png().toBuffer();
    expect(await media.perceptualHash(turned)).toBe(await media.perceptualHash(upright));
  });

  it('refuses what is no picture, like every other task', async () => {
    const bytes = new TextEncoder().encode('hello');
    await expect(media.perceptualHash(bytes)).rejects.toMatchObject({
      code: 'picture.notAnImage',
    });
  });
});
