import { z } from 'zod';

/** The fields of `config.json` that inference of the family needs. */
export const idefics3ConfigSchema = z.object({
  image_token_id: z.number().int().nonnegative(),
  text_config: z.object({
    max_position_embeddings: z.number().int().positive(),
    num_attention_heads: z.number().int().positive().optional(),
  }),
});
