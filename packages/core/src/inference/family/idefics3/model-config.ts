import { z } from 'zod';

/** The values of `model_type` that the family answers to. SmolVLM differs in videos alone. */
export const idefics3ModelTypes = ['idefics3', 'smolvlm'] as const;

/** The fields of `config.json` that inference of the family needs. */
export const idefics3ConfigSchema = z.object({
  image_token_id: z.number().int().nonnegative(),
  text_config: z.object({
    max_position_embeddings: z.number().int().positive(),
    num_attention_heads: z.number().int().positive().optional(),
  }),
});
