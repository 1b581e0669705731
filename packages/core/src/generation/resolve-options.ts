import { VistazoError } from '../errors.js';
import { type GenerationOptions, generationOptionsSchema } from './generation-options.js';

/** What a model's `generation_config.json` may set, in the names of Hugging Face. */
export interface GenerationDefaults {
  do_sample?: boolean | null | undefined;
  temperature?: number | null | undefined;
  top_k?: number | null | undefined;
  top_p?: number | null | undefined;
  min_p?: number | null | undefined;
  repetition_penalty?: number | null | undefined;
  max_new_tokens?: number | null | undefined;
}

/** Generation options with every default filled in. */
export interface ResolvedGenerationOptions {
  doSample: boolean;
  temperature: number;
  topK: number;
  topP: number;
  minP: number;
  repetitionPenalty: number;
  stopStrings: readonly string[];
  maxNewTokens: number;
  seed: number;
  jsonSchema: Record<string, unknown> | undefined;
  deadlineMs: number;
}

const maxNewTokensDefault = 256;

/** Checks options. Throws `option.invalid` naming the one that is unknown or out of range. */
export function parseGenerationOptions(options: unknown): GenerationOptions {
  const parsed = generationOptionsSchema.safeParse(options);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const known = Object.keys(generationOptionsSchema.shape).join(', ');
  throw new VistazoError(
    'option.invalid',
    issue?.code === 'unrecognized_keys'
      ? `There is no generation option ${issue.keys.join(', ')}; known are ${known}.`
      : `The generation option ${issue?.path.join('.')} is not valid: ${issue?.message}.`,
  );
}

/** The caller's options, then the model's defaults, then ours. */
export function resolveOptions(
  options: GenerationOptions,
  model: GenerationDefaults,
): ResolvedGenerationOptions {
  const samplingAsked =
    options.temperature !== undefined ||
    options.topK !== undefined ||
    options.topP !== undefined ||
    options.minP !== undefined;
  // Configurations write a temperature of 0 for no sampling.
  const modelIsCold = model.temperature === 0;
  return {
    doSample: options.doSample ?? (samplingAsked || (!modelIsCold && (model.do_sample ?? false))),
    temperature: options.temperature ?? (modelIsCold ? 1 : (model.temperature ?? 1)),
    topK: options.topK ?? model.top_k ?? 0,
    topP: options.topP ?? model.top_p ?? 1,
    minP: options.minP ?? model.min_p ?? 0,
    repetitionPenalty: options.repetitionPenalty ?? model.repetition_penalty ?? 1,
    stopStrings: options.stopStrings ?? [],
    maxNewTokens: options.maxNewTokens ?? model.max_new_tokens ?? maxNewTokensDefault,
    seed: options.seed ?? Math.floor(Math.random() * 2 ** 32),
    jsonSchema: options.jsonSchema,
    deadlineMs: options.deadlineMs ?? Number.POSITIVE_INFINITY,
  };
}
