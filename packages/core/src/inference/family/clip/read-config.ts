import { z } from 'zod';
import { checkModelJson } from '../../files/check-model-json.js';
import type { CentreCropConfig } from '../centre-crop.js';
import type { FamilyFiles } from '../model-family.js';
import { readCentreCrop } from '../read-centre-crop.js';

// Defaults are those of transformers: published files leave out what equals them.
const configSchema = z.object({
  text_config: z
    .object({ max_position_embeddings: z.number().int().min(2).default(77) })
    .prefault({}),
});

/** What the family keeps of a model. */
export interface ClipConfig {
  maxTextTokens: number;
  image: CentreCropConfig;
}

/** Reads the files of a model. Throws `model.fileMissing`, `model.invalidConfig` or `model.unsupported`. */
export function readClip(files: FamilyFiles): ClipConfig {
  const { text_config } = checkModelJson(configSchema, files.config, 'config.json');
  return {
    maxTextTokens: text_config.max_position_embeddings,
    image: readCentreCrop(files, ['CLIPImageProcessor']),
  };
}
