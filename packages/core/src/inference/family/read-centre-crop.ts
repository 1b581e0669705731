import { z } from 'zod';
import { VistazoError } from '../../errors.js';
import type { ResampleFilter } from '../../image/resample.js';
import { checkModelJson } from '../files/check-model-json.js';
import type { CentreCropConfig } from './centre-crop.js';
import type { FamilyFiles } from './model-family.js';

/** Pillow's numbers for its filters, as `resample` in a configuration file. */
const filters: readonly ResampleFilter[] = [
  'nearest',
  'lanczos',
  'bilinear',
  'bicubic',
  'box',
  'hamming',
];

/** No model wants larger ones; a larger number is a mistake that would fill the memory. */
const edgeSchema = z.number().int().min(1).max(8192);
const sizeSchema = z.object({ height: edgeSchema, width: edgeSchema });
const channelsSchema = z.array(z.number()).length(3);
const onSchema = z.literal(true, { error: 'only true is supported' }).default(true);

const schema = z.object({
  do_resize: onSchema,
  do_center_crop: z.boolean().default(true),
  do_rescale: onSchema,
  do_normalize: onSchema,
  do_convert_rgb: onSchema,
  do_pad: z.literal(false, { error: 'only false is supported' }).default(false),
  resample: z
    .number()
    .int()
    .min(0)
    .max(filters.length - 1)
    .default(3),
  rescale_factor: z.number().default(1 / 255),
  image_mean: channelsSchema.default([0.48145466, 0.4578275, 0.40821073]),
  image_std: channelsSchema.default([0.26862954, 0.26130258, 0.27577711]),
  // Files of early versions have one number where later ones have an object.
  size: z
    .union([edgeSchema, z.object({ shortest_edge: edgeSchema }), sizeSchema])
    .default({ shortest_edge: 224 }),
  crop_size: z.union([edgeSchema, sizeSchema]).default(224),
});

/**
 * Reads how pictures are resized and cut. Of two descriptions the one in `processor_config.json` counts, as
 * in transformers. `types` are the values of `image_processor_type` that are meant, without a suffix such as
 * `Fast`. Throws `model.fileMissing`, `model.invalidConfig` or `model.unsupported`.
 */
export function readCentreCrop(files: FamilyFiles, types: readonly string[]): CentreCropConfig {
  const { json, name } = descriptionIn(files);
  requireType(json, name, types);
  const set = Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null));
  const config = checkModelJson(schema, set, name);
  const { size, crop_size: crop } = config;
  const resize: CentreCropConfig['resize'] =
    typeof size === 'number'
      ? { shortestEdgePx: size }
      : 'shortest_edge' in size
        ? { shortestEdgePx: size.shortest_edge }
        : { widthPx: size.width, heightPx: size.height };
  if (!config.do_center_crop && !('widthPx' in resize)) {
    throw new VistazoError(
      'model.unsupported',
      `${name}: without do_center_crop, size must have height and width; otherwise pictures have many sizes.`,
    );
  }
  const cropped =
    typeof crop === 'number'
      ? { widthPx: crop, heightPx: crop }
      : { widthPx: crop.width, heightPx: crop.height };
  return {
    filter: filters[config.resample] ?? 'bicubic',
    resize,
    crop: !config.do_center_crop && 'widthPx' in resize ? resize : cropped,
    scaling: {
      rescaleFactor: config.rescale_factor,
      mean: config.image_mean,
      std: config.image_std,
    },
  };
}

function descriptionIn({ preprocessor, processor }: FamilyFiles): { json: object; name: string } {
  const nested =
    processor !== undefined && 'image_processor' in processor
      ? processor.image_processor
      : undefined;
  if (typeof nested === 'object' && nested !== null) {
    return { json: nested, name: 'image_processor in processor_config.json' };
  }
  const name = 'preprocessor_config.json';
  if (preprocessor !== undefined) return { json: preprocessor, name };
  throw new VistazoError('model.fileMissing', `The model lacks ${name}; download it again.`);
}

function requireType(json: object, name: string, types: readonly string[]): void {
  // Early versions name a feature extractor instead.
  const named =
    'image_processor_type' in json
      ? json.image_processor_type
      : 'feature_extractor_type' in json
        ? json.feature_extractor_type
        : undefined;
  const known =
    typeof named === 'string'
      ? named.replace(/(Fast|Pil)$/, '').replace(/FeatureExtractor$/, 'ImageProcessor')
      : named;
  if (typeof known === 'string' && types.includes(known)) return;
  throw new VistazoError(
    'model.unsupported',
    `${name} names the image processor ${String(known)}; supported are ${types.join(', ')}.`,
  );
}
