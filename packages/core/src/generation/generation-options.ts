import { z } from 'zod';

/**
 * How an answer is generated. Names as in Hugging Face `GenerationConfig`, camel-cased. An unknown
 * name is an error that names it.
 */
export const generationOptionsSchema = z.strictObject({
  /** Sample instead of taking the likeliest token. Default: false, unless the model's own config says otherwise. */
  doSample: z.boolean().optional(),
  /** Divides the logits; > 0. Default 1. */
  temperature: z.number().positive().finite().optional(),
  /** Keep the k likeliest tokens; 0 keeps all. Default 0 when unset by the model. */
  topK: z.number().int().nonnegative().optional(),
  /** Keep the likeliest tokens whose probabilities add up to p; 0 < p ≤ 1. Default 1. */
  topP: z.number().gt(0).max(1).optional(),
  /** Drop tokens less likely than minP × the likeliest; 0…1. Default 0. */
  minP: z.number().min(0).max(1).optional(),
  /** Divides positive and multiplies negative logits of tokens seen in prompt or answer; > 0. Default 1. */
  repetitionPenalty: z.number().positive().finite().optional(),
  /** End when the answer contains one of these; the string itself is left out. Default none. */
  stopStrings: z.array(z.string().min(1)).optional(),
  /** Most tokens of the answer; ≥ 1. Default 256, or the model's own. */
  maxNewTokens: z.number().int().positive().optional(),
  /** Seed of the sampler, 0 … 2^32 − 1; the same seed, prompt and options give the same answer. Default random. */
  seed: z.number().int().min(0).max(0xffffffff).optional(),
  /**
   * A JSON Schema that the answer must follow. Default none. The local engine lets a model write
   * nothing else and throws `option.unsupported` for keywords that it does not know; servers differ.
   */
  jsonSchema: z.record(z.string(), z.unknown()).optional(),
  /** End with `deadline` when the answer took longer than this. Default none. */
  deadlineMs: z.number().positive().finite().optional(),
});

/** See {@link generationOptionsSchema}. */
export type GenerationOptions = z.infer<typeof generationOptionsSchema>;
