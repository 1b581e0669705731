import { z } from 'zod';
import { VistazoError } from '../../../errors.js';
import { checkModelJson } from '../../files/check-model-json.js';
import {
  imageProcessorJson,
  processorType,
  requireProcessorType,
  withoutNulls,
} from '../image-processor-json.js';
import type { FamilyFacts, FamilyFiles } from '../model-family.js';

const edgeSchema = z.object({ longest_edge: z.number().int().min(1) });
const channelsSchema = z.array(z.number()).length(3);
const onSchema = z.literal(true, { error: 'only true is supported' }).default(true);

/** `preprocessor_config.json` of the family, in the names of Hugging Face. */
const imageSchema = z.object({
  do_resize: z.boolean().default(true),
  do_rescale: onSchema,
  do_normalize: onSchema,
  do_convert_rgb: onSchema,
  do_pad: onSchema,
  do_image_splitting: z.boolean().default(true),
  resample: z.number().int().min(0).max(5).default(1),
  rescale_factor: z.number().default(1 / 255),
  image_mean: channelsSchema.default([0.5, 0.5, 0.5]),
  image_std: channelsSchema.default([0.5, 0.5, 0.5]),
  size: edgeSchema.default({ longest_edge: 4 * 364 }),
  max_image_size: edgeSchema.default({ longest_edge: 364 }),
});

/** The values of `image_processor_type` that the family answers to, without a suffix such as `Fast`. */
const processorTypes: readonly string[] = ['Idefics3ImageProcessor', 'SmolVLMImageProcessor'];

const configSchema = z.object({
  model_type: z.string(),
  image_token_id: z.number().int().nonnegative(),
  text_config: z.object({
    max_position_embeddings: z.number().int().positive(),
    num_attention_heads: z.number().int().positive().optional(),
  }),
});

const processorSchema = z.object({
  image_seq_len: z.number().int().positive(),
  /** Since transformers 5; before, `preprocessor_config.json` holds it. */
  image_processor: z.record(z.string(), z.unknown()).optional(),
});

/** How pictures become tiles, in the names of Hugging Face. */
export type Idefics3ImageConfig = z.infer<typeof imageSchema>;

/** What the family keeps of a model. */
export interface Idefics3Config {
  imageTokenId: number;
  /** Tokens of one tile. */
  imageSeqLen: number;
  image: Idefics3ImageConfig;
  /** Whether the model's processor writes when the frames of a video are shown. */
  timesFrames: boolean;
}

const processorFile = 'processor_config.json';
const preprocessorFile = 'preprocessor_config.json';

/**
 * Reads the files of a model. Of two descriptions of pictures the one in `processor_config.json` counts, as
 * in transformers. Throws `model.fileMissing`, `model.invalidConfig` or `model.unsupported`.
 */
export function readIdefics3(files: FamilyFiles): { facts: FamilyFacts; config: Idefics3Config } {
  const { model_type, image_token_id, text_config } = checkModelJson(
    configSchema,
    files.config,
    'config.json',
  );
  const processor = checkModelJson(
    processorSchema,
    required(files.processor, processorFile),
    processorFile,
  );
  const { json, name } = imageProcessorJson(files);
  return {
    facts: {
      contextLengthTokens: text_config.max_position_embeddings,
      attentionHeads: text_config.num_attention_heads,
    },
    config: {
      imageTokenId: image_token_id,
      imageSeqLen: processor.image_seq_len,
      timesFrames: model_type === 'smolvlm',
      image: parseIdefics3ImageConfig(json, name),
    },
  };
}

function required(file: object | undefined, name: string): object {
  if (file !== undefined) return file;
  throw new VistazoError('model.fileMissing', `The model lacks ${name}; download it again.`);
}

/**
 * Checks a parsed `preprocessor_config.json`, or the same from the file `name`.
 * Throws `model.unsupported` for a kind of processor that is not known, `model.invalidConfig` for wrong values.
 */
export function parseIdefics3ImageConfig(
  json: object,
  name = preprocessorFile,
): Idefics3ImageConfig {
  requireProcessorType(processorType(json), processorTypes, name);
  return checkModelJson(imageSchema, withoutNulls(json), name);
}
