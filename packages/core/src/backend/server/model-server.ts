import { z } from 'zod';

/**
 * What a server takes beside the options of OpenAI's own: `vllm` and `llama.cpp` know more ways of
 * sampling, under different names. `openai` fits every server, Ollama and LM Studio among them. Of these
 * only `vllm` keeps the prefixes of one `cacheScope` from another: it is sent a random `cache_salt` for each.
 */
export const serverDialectSchema = z.enum(['openai', 'vllm', 'llama.cpp']);
/** See {@link serverDialectSchema}. */
export type ServerDialect = z.infer<typeof serverDialectSchema>;

/** A server that speaks OpenAI's chat completions. */
export const modelServerSchema = z.strictObject({
  /** Up to and with the version, such as `http://127.0.0.1:8000/v1`. */
  baseUrl: z
    .url({
      protocol: /^https?$/,
      error: 'an http or https address such as http://127.0.0.1:8000/v1 is needed',
    })
    .transform((url) => url.replace(/\/+$/, '')),
  /** The model's name on that server. */
  model: z.string().min(1),
  /** Sent as a bearer token, to this server alone. Default none. */
  apiKey: z.string().min(1).optional(),
  /** Default `openai`. */
  dialect: serverDialectSchema.default('openai'),
});

/** See {@link modelServerSchema}. */
export type ModelServer = z.input<typeof modelServerSchema>;
/** A checked {@link ModelServer}. @internal */
export type CheckedServer = z.output<typeof modelServerSchema>;
