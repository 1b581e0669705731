import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createImageProcessor } from '../../../../packages/core/src/inference/family/image-processor.ts';
import { parseImageProcessorConfig } from '../../../../packages/core/src/inference/family/image-processor-config.ts';
import { toPixelValues } from '../../../../packages/core/src/inference/runner/pixel-values.ts';
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

describe(`pixelValues are those of transformers ${vectors.transformers}, bit for bit`, () => {
  it.each(vectors.cases)('$config, $size', ({ config, size, rows, cols, shape, sha256 }) => {
    const processor = createImageProcessor(parseImageProcessorConfig(vectors.configs[config]));
    const picture = processor.process(formulaPicture(...size));
    expect([picture.gridRows, picture.gridColumns]).toEqual([rows, cols]);
    expect([picture.tiles, 3, picture.tileHeightPx, picture.tileWidthPx]).toEqual(shape);
    const values = toPixelValues(picture.pixels, picture, processor.scaling);
    expect(createHash('sha256').update(values).digest('hex')).toBe(sha256);
  });

  it.each(vectors.cases)(
    'the plan of $config, $size is that of the tiles made',
    ({ config, size }) => {
      const processor = createImageProcessor(parseImageProcessorConfig(vectors.configs[config]));
      expect(processor.process(formulaPicture(...size))).toMatchObject(processor.plan(...size));
    },
  );
});

describe('a preprocessor_config.json', () => {
  it('of another kind of processor is refused by its name', () => {
    expect(() => parseImageProcessorConfig({ image_processor_type: 'CLIPImageProcessor' })).toThrow(
      /CLIPImageProcessor; supported are Idefics3ImageProcessor/,
    );
  });

  it('with an option that is not supported is refused by the name of the option', () => {
    const config = { image_processor_type: 'Idefics3ImageProcessor', do_normalize: false };
    expect(() => parseImageProcessorConfig(config)).toThrow(/do_normalize: only true is supported/);
  });
});
