import { z } from 'zod';
import { checkModelJson } from '../../files/check-model-json.js';
import type { CentreCropConfig } from '../centre-crop.js';
import type { FamilyFacts, FamilyFiles } from '../model-family.js';
import { readCentreCrop } from '../read-centre-crop.js';

/** Whether the features of a picture leave out that of its class. */
const strategySchema = z.enum(['default', 'full']);

// Defaults are those of transformers: published files leave out what equals them.
const configSchema = z.object({
  image_token_index: z.number().int().nonnegative().optional(),
  image_token_id: z.number().int().nonnegative().optional(),
  vision_feature_select_strategy: strategySchema.default('default'),
  vision_config: z.object({ patch_size: z.number().int().positive().default(14) }).prefault({}),
  text_config: z
    .object({
      max_position_embeddings: z.number().int().positive().default(2048),
      num_attention_heads: z.number().int().positive().default(32),
    })
    .prefault({}),
});

const processorSchema = z.object({
  image_token: z.string().min(1).nullish(),
  patch_size: z.number().int().positive().nullish(),
  num_additional_image_tokens: z.number().int().nonnegative().nullish(),
  vision_feature_select_strategy: strategySchema.nullish(),
});

/** What the family keeps of a model. */
export interface LlavaConfig {
  imageTokenId: number;
  /** How the token is written, in the template and in the prompt. */
  imageToken: string;
  /** Tokens of a picture. */
  imageTokens: number;
  image: CentreCropConfig;
}

/** Reads the files of a model. Throws `model.fileMissing`, `model.invalidConfig` or `model.unsupported`. */
export function readLlava(files: FamilyFiles): { facts: FamilyFacts; config: LlavaConfig } {
  const config = checkModelJson(configSchema, files.config, 'config.json');
  const processor = checkModelJson(processorSchema, files.processor ?? {}, 'processor_config.json');
  const image = readCentreCrop(files, ['CLIPImageProcessor', 'LlavaImageProcessor']);
  const patchPx = processor.patch_size ?? config.vision_config.patch_size;
  const strategy =
    processor.vision_feature_select_strategy ?? config.vision_feature_select_strategy;
  const { widthPx, heightPx } = image.crop;
  const patches = Math.floor(widthPx / patchPx) * Math.floor(heightPx / patchPx);
  const additional = processor.num_additional_image_tokens ?? 1;
  return {
    facts: {
      contextLengthTokens: config.text_config.max_position_embeddings,
      attentionHeads: config.text_config.num_attention_heads,
    },
    config: {
      imageTokenId: config.image_token_index ?? config.image_token_id ?? 32000,
      imageToken: processor.image_token ?? '<image>',
      imageTokens: patches + additional - (strategy === 'default' ? 1 : 0),
      image,
    },
  };
}
