import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resample } from '../../../../packages/core/src/image/resample.ts';
import { centreCrop } from '../../../../packages/core/src/inference/family/centre-crop.ts';
import { toPixelValues } from '../../../../packages/core/src/inference/family/pixel-values.ts';
import { readCentreCrop } from '../../../../packages/core/src/inference/family/read-centre-crop.ts';
import { formulaPicture } from '../../image/formula-picture.ts';

interface Vectors {
  transformers: string;
  configs: Record<string, object>;
  cases: {
    config: string;
    size: [number, number];
    shape: [number, number, number];
    sha256: string;
  }[];
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../../reference/image/centre-crop.json', import.meta.url), 'utf8'),
);

const read = (preprocessor: object, processor?: object) =>
  readCentreCrop({ config: {}, preprocessor, processor }, ['CLIPImageProcessor']);

describe(`the centre of a resized picture is that of transformers ${vectors.transformers}, bit for bit`, () => {
  it.each(vectors.cases)('$config, $size', ({ config: name, size, shape, sha256 }) => {
    const config = read(vectors.configs[name] ?? {});
    expect([3, config.crop.heightPx, config.crop.widthPx]).toEqual(shape);
    const values = toPixelValues(centreCrop(formulaPicture(...size), config), config.scaling);
    expect(createHash('sha256').update(values).digest('hex')).toBe(sha256);
  });

  it('costs no more for a line of 40,000 pixels, which would have gigabytes once resized', () => {
    const config = read({
      image_processor_type: 'CLIPImageProcessor',
      size: { shortest_edge: 336 },
      crop_size: { height: 336, width: 336 },
    });
    for (const [widthPx, heightPx] of [
      [40_000, 1],
      [1, 40_000],
    ] as const) {
      const line = { widthPx, heightPx, data: new Uint8Array(40_000 * 3).fill(7) };
      expect(centreCrop(line, config)).toEqual(new Uint8Array(336 * 336 * 3).fill(7));
    }
  });
});

describe('a window of a resized picture', () => {
  it('has the bytes of that part of the whole', () => {
    const side = fc.integer({ min: 1, max: 40 });
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const filter = fc.constantFrom('nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming');
    const spanOf = (length: number, from: number, to: number) => {
      const start = Math.floor(from * (length - 1));
      return { start, size: 1 + Math.floor(to * (length - start - 1)) };
    };
    fc.assert(
      fc.property(
        fc.tuple(side, side, side, side),
        fc.tuple(share, share, share, share),
        filter,
        ([w, h, toW, toH], [left, right, top, bottom], name) => {
          const picture = formulaPicture(w, h);
          const across = spanOf(toW, left, right);
          const down = spanOf(toH, top, bottom);
          const window = {
            leftPx: across.start,
            topPx: down.start,
            widthPx: across.size,
            heightPx: down.size,
          };
          const whole = resample(picture, toW, toH, name).data;
          const rows = Array.from({ length: down.size }, (_, y) => {
            const from = ((down.start + y) * toW + across.start) * 3;
            return Array.from(whole.subarray(from, from + across.size * 3));
          });
          expect(Array.from(resample(picture, toW, toH, name, window).data)).toEqual(rows.flat());
        },
      ),
    );
  });
});

describe('a description of how pictures are cut', () => {
  it('of early versions has one number for a size', () => {
    const early = { feature_extractor_type: 'CLIPFeatureExtractor', size: 224, crop_size: 224 };
    expect(read(early)).toMatchObject({
      resize: { shortestEdgePx: 224 },
      crop: { widthPx: 224, heightPx: 224 },
    });
  });

  it('in processor_config.json counts, where there are two', () => {
    const nested = {
      image_processor_type: 'CLIPImageProcessorFast',
      size: { height: 3, width: 5 },
    };
    expect(read({ image_processor_type: 'Other' }, { image_processor: nested })).toMatchObject({
      resize: { widthPx: 5, heightPx: 3 },
    });
  });

  it.each([
    [{ image_processor_type: 'OtherImageProcessor' }, /OtherImageProcessor; supported are CLIP/],
    [{ image_processor_type: 'CLIPImageProcessor', do_pad: true }, /do_pad: only false/],
    [{ image_processor_type: 'CLIPImageProcessor', do_center_crop: false }, /height and width/],
    [{ image_processor_type: 'CLIPImageProcessor', crop_size: 1e9 }, /crop_size/],
  ])('that cannot be honoured is refused by its name: %j', (json, message) => {
    expect(() => read(json)).toThrow(message);
  });
});
