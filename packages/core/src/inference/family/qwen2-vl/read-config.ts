import { z } from 'zod';
import { VistazoError } from '../../../errors.js';
import { checkModelJson } from '../../files/check-model-json.js';
import {
  imageProcessorJson,
  processorType,
  requireProcessorType,
} from '../image-processor-json.js';
import type { FamilyFacts, FamilyFiles } from '../model-family.js';

const count = z.number().int().positive();
const channelsSchema = z.array(z.number()).length(3);
const onSchema = z.literal(true, { error: 'only true is supported' }).nullish();

/** Sizes of the text model: at the top in files of transformers 4, in `text_config` since 5. */
const textSchema = z.object({
  max_position_embeddings: count,
  num_attention_heads: count,
});

const configSchema = z.object({
  image_token_id: z.number().int().nonnegative(),
  vision_config: z.object({ spatial_merge_size: count.optional() }).optional(),
});

const imageSchema = z.object({
  do_resize: onSchema,
  do_rescale: onSchema,
  do_normalize: onSchema,
  do_convert_rgb: onSchema,
  resample: z.literal(3, { error: 'only 3, bicubic, is supported' }).nullish(),
  rescale_factor: z.number().nullish(),
  image_mean: channelsSchema.nullish(),
  image_std: channelsSchema.nullish(),
  patch_size: count.nullish(),
  temporal_patch_size: count.nullish(),
  merge_size: count.nullish(),
  min_pixels: count.nullish(),
  max_pixels: count.nullish(),
  size: z
    .object({
      shortest_edge: count.nullish(),
      longest_edge: count.nullish(),
      min_pixels: count.nullish(),
      max_pixels: count.nullish(),
    })
    .nullish(),
});

/** The values of `image_processor_type` that the family answers to, without a suffix such as `Fast`. */
const processorTypes: readonly string[] = ['Qwen2VLImageProcessor', 'Qwen2_5_VLImageProcessor'];

/** How pictures become patches. */
export interface Qwen2VlImageConfig {
  /** Pixels of a picture as the model sees it: `width × height`, at least and at most. */
  minPixels: number;
  maxPixels: number;
  patchPx: number;
  /** Frames of one patch. A picture is repeated to fill them. */
  temporalPatch: number;
  /** Patches in a row, and rows of them, that become one token. */
  mergeSize: number;
  rescaleFactor: number;
  mean: number[];
  std: number[];
}

/** What the family keeps of a model. */
export interface Qwen2VlConfig {
  imageTokenId: number;
  image: Qwen2VlImageConfig;
}

/**
 * Reads the files of a model. Of two descriptions of pictures the one in `processor_config.json` counts, as
 * in transformers. Throws `model.fileMissing`, `model.invalidConfig` or `model.unsupported`.
 */
export function readQwen2Vl(files: FamilyFiles): { facts: FamilyFacts; config: Qwen2VlConfig } {
  const { image_token_id, vision_config } = checkModelJson(
    configSchema,
    files.config,
    'config.json',
  );
  const inner = objectAt(files.config, 'text_config') ?? files.config;
  const text = checkModelJson(textSchema, inner, 'config.json');
  const { json, name } = imageProcessorJson(files);
  const image = parseQwen2VlImageConfig(json, name);
  const merge = vision_config?.spatial_merge_size ?? image.mergeSize;
  if (merge !== image.mergeSize) {
    throw new VistazoError(
      'model.invalidConfig',
      `config.json has spatial_merge_size ${merge}, but the image processor merge_size ${image.mergeSize}; the files do not belong together. Download the model again.`,
    );
  }
  return {
    facts: {
      contextLengthTokens: text.max_position_embeddings,
      attentionHeads: text.num_attention_heads,
    },
    config: { imageTokenId: image_token_id, image },
  };
}

function objectAt(file: object | undefined, key: string): object | undefined {
  const value: unknown = Object.entries(file ?? {}).find(([name]) => name === key)?.[1];
  return typeof value === 'object' && value !== null ? value : undefined;
}

/**
 * Checks a parsed `preprocessor_config.json`, or the same from the file `name`.
 * Throws `model.unsupported` for an unknown kind of processor, `model.invalidConfig` for wrong values.
 */
export function parseQwen2VlImageConfig(
  json: object,
  name = 'preprocessor_config.json',
): Qwen2VlImageConfig {
  requireProcessorType(processorType(json), processorTypes, name);
  const image = checkModelJson(imageSchema, json, name);
  const { size } = image;
  // The defaults are those of transformers.
  return {
    minPixels: image.min_pixels ?? size?.shortest_edge ?? size?.min_pixels ?? 56 * 56,
    maxPixels: image.max_pixels ?? size?.longest_edge ?? size?.max_pixels ?? 28 * 28 * 1280,
    patchPx: image.patch_size ?? 14,
    temporalPatch: image.temporal_patch_size ?? 2,
    mergeSize: image.merge_size ?? 2,
    rescaleFactor: image.rescale_factor ?? 1 / 255,
    mean: image.image_mean ?? [0.48145466, 0.4578275, 0.40821073],
    std: image.image_std ?? [0.26862954, 0.26130258, 0.27577711],
  };
}
