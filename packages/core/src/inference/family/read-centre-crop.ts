import { z } from 'zod';
import { VistazoError } from '../../errors.js';
import { pillowFilters } from '../../image/resample.js';
import { checkModelJson } from '../files/check-model-json.js';
import type { CentreCropConfig } from './centre-crop.js';
import { imageProcessorJson, requireProcessorType, withoutNulls } from './image-processor-json.js';
import type { FamilyFiles } from './model-family.js';

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
    .max(pillowFilters.length - 1)
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
  const { json, name } = imageProcessorJson(files);
  requireProcessorType(typeOrExtractor(json), types, name);
  const config = checkModelJson(schema, withoutNulls(json), name);
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
    filter: pillowFilters[config.resample] ?? 'bicubic',
    resize,
    crop: !config.do_center_crop && 'widthPx' in resize ? resize : cropped,
    scaling: {
      rescaleFactor: config.rescale_factor,
      mean: config.image_mean,
      std: config.image_std,
    },
  };
}

/** Early versions name a feature extractor instead. */
function typeOrExtractor(json: object): unknown {
  if ('image_processor_type' in json) return extractorAsProcessor(json.image_processor_type);
  return 'feature_extractor_type' in json
    ? extractorAsProcessor(json.feature_extractor_type)
    : undefined;
}

function extractorAsProcessor(type: unknown): unknown {
  return typeof type === 'string'
    ? type.replace(/FeatureExtractor(Fast|Pil)?$/, 'ImageProcessor$1')
    : type;
}
