import { z } from 'zod';
import { checkModelJson } from '../../files/check-model-json.js';
import type { FamilyFacts, FamilyFiles } from '../model-family.js';

const configSchema = z.object({
  max_position_embeddings: z.number().int().positive(),
  num_attention_heads: z.number().int().positive(),
});

/** The family needs nothing of a model but its graph. */
export type TextConfig = Record<string, never>;

/** Reads the files of a model. Throws `model.invalidConfig`. */
export function readText({ config }: FamilyFiles): { facts: FamilyFacts; config: TextConfig } {
  const { max_position_embeddings, num_attention_heads } = checkModelJson(
    configSchema,
    config,
    'config.json',
  );
  return {
    facts: { contextLengthTokens: max_position_embeddings, attentionHeads: num_attention_heads },
    config: {},
  };
}
