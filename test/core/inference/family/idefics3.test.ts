import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { idefics3 } from '../../../../packages/core/src/inference/family/idefics3/family.ts';
import { parseIdefics3ImageConfig } from '../../../../packages/core/src/inference/family/idefics3/read-config.ts';
import { gridOf } from '../../../../packages/core/src/inference/family/image-layout.ts';
import type { ImageFamily } from '../../../../packages/core/src/inference/family/model-family.ts';
import { formulaPicture } from '../../image/formula-picture.ts';

interface Vectors {
  transformers: string;
  configs: Record<string, object>;
  cases: {
    config: string;
    size: [number, number];
    rows: number;
    cols: number;
    shape: number[];
    sha256: string;
  }[];
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../../reference/image/idefics3.json', import.meta.url), 'utf8'),
);

function eyesWith(config: object): ImageFamily {
  const image = parseIdefics3ImageConfig(config);
  const { images } = idefics3.open({ imageTokenId: 4, imageSeqLen: 64, image, timesFrames: false });
  if (images === undefined) throw new Error('no eyes');
  return images;
}

describe(`pixelValues are those of transformers ${vectors.transformers}, bit for bit`, () => {
  it.each(vectors.cases)('$config, $size', ({ config, size, rows, cols, shape, sha256 }) => {
    const images = eyesWith(vectors.configs[config] ?? {});
    const picture = formulaPicture(...size);
    const layout = images.layout(picture, 'full');
    expect(gridOf(layout)).toEqual({ rows, columns: cols });
    const pixels = images.process(picture, layout);
    const hash = createHash('sha256');
    for (const [index, tile] of layout.tiles.entries()) {
      const { pixel_values } = images.feeds(tile, pixels[index] ?? new Uint8Array());
      expect(pixel_values?.shape).toEqual([1, 1, ...shape.slice(1)]);
      hash.update(pixel_values?.data ?? '');
    }
    expect(layout.tiles).toHaveLength(shape[0] ?? 0);
    expect(hash.digest('hex')).toBe(sha256);
  });
});

describe('a tile budget', () => {
  const images = eyesWith({
    image_processor_type: 'Idefics3ImageProcessor',
    size: { longest_edge: 128 },
    max_image_size: { longest_edge: 32 },
  });
  const sizes = fc.record({
    widthPx: fc.integer({ min: 1, max: 700 }),
    heightPx: fc.integer({ min: 1, max: 700 }),
  });

  it('is never exceeded, and the tiles are as large as the model wants them', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 20 }), (size, budget) => {
        const { tiles } = images.layout(size, budget);
        expect(tiles.length).toBeLessThanOrEqual(budget);
        const picture = formulaPicture(size.widthPx, size.heightPx);
        const pixels = images.process(picture, images.layout(size, budget));
        expect(pixels.map(({ length }) => length)).toEqual(tiles.map(() => 32 * 32 * 3));
      }),
      { numRuns: 60 },
    );
  });

  it('gives no fewer tiles when it is larger, and those of the reference when it is large enough', () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const counts = Array.from(
          { length: 30 },
          (_, i) => images.layout(size, i + 1).tiles.length,
        );
        expect(counts).toEqual(counts.toSorted((a, b) => a - b));
        expect(images.layout(size, 100)).toEqual(images.layout(size, 'full'));
      }),
    );
  });

  it('that is fast shows the whole picture once', () => {
    const { tiles } = images.layout({ widthPx: 500, heightPx: 300 }, 'fast');
    expect(tiles.map(({ place }) => place)).toEqual(['whole']);
  });
});

describe('a preprocessor_config.json', () => {
  it('of another kind of processor is refused by its name', () => {
    expect(() => parseIdefics3ImageConfig({ image_processor_type: 'CLIPImageProcessor' })).toThrow(
      /CLIPImageProcessor; supported are Idefics3ImageProcessor/,
    );
  });

  it('with an option that is not supported is refused by the name of the option', () => {
    const config = { image_processor_type: 'Idefics3ImageProcessor', do_normalize: false };
    expect(() => parseIdefics3ImageConfig(config)).toThrow(/do_normalize: only true is supported/);
  });
});
