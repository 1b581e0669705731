import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ResampleFilter, resample } from '../../../packages/core/src/image/resample.ts';
import { formulaPicture } from './formula-picture.ts';

interface Vectors {
  pillow: string;
  cases: { from: [number, number]; to: [number, number]; filter: ResampleFilter; sha256: string }[];
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../reference/image/resample.json', import.meta.url), 'utf8'),
);

describe(`resample gives the bytes of Pillow ${vectors.pillow}`, () => {
  it.each(vectors.cases)('$filter from $from to $to', ({ from, to, filter, sha256 }) => {
    const result = resample(formulaPicture(...from), ...to, filter);
    expect(createHash('sha256').update(result.data).digest('hex')).toBe(sha256);
  });
});

describe('resample', () => {
  const side = fc.integer({ min: 1, max: 40 });
  const filter = fc.constantFrom<ResampleFilter>(
    'nearest',
    'lanczos',
    'bilinear',
    'bicubic',
    'box',
    'hamming',
  );

  it('keeps a picture of one colour that colour, whatever the sizes', () => {
    fc.assert(
      fc.property(
        side,
        side,
        side,
        side,
        filter,
        fc.integer({ min: 0, max: 255 }),
        (w, h, toW, toH, name, value) => {
          const flat = { widthPx: w, heightPx: h, data: new Uint8Array(w * h * 3).fill(value) };
          const result = resample(flat, toW, toH, name);
          expect(result.data).toEqual(new Uint8Array(toW * toH * 3).fill(value));
        },
      ),
    );
  });

  it('gives a picture of the asked size', () => {
    fc.assert(
      fc.property(side, side, side, side, filter, (w, h, toW, toH, name) => {
        const { widthPx, heightPx, data } = resample(formulaPicture(w, h), toW, toH, name);
        expect([widthPx, heightPx, data.length]).toEqual([toW, toH, toW * toH * 3]);
      }),
    );
  });
});
