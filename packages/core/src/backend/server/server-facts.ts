import { request } from 'undici';
import { z } from 'zod';
import type { CheckedServer } from './model-server.js';
import { parsedJson } from './server-error.js';

/** What a server says of its model; absent is what it does not say. @internal */
export interface ServerFacts {
  images?: boolean;
  tools?: boolean;
  /** Most tokens of prompt and answer together. */
  contextLengthTokens?: number;
}

/** Nobody waits longer for what is not needed to answer. */
const timeoutMs = 3000;
/** The list of a service with thousands of models. */
const maxBytes = 2 ** 23;

const optional = <Schema extends z.ZodType>(schema: Schema) => schema.optional().catch(undefined);
const texts = optional(z.array(z.string()));
const flag = optional(z.boolean());
const tokens = optional(z.number().int().positive());
const modalities = { input_modalities: texts };

/** A model as servers describe it, each with fields of its own. */
const modelSchema = z.object({
  id: optional(z.string()),
  name: optional(z.string()),
  model: optional(z.string()),
  key: optional(z.string()),
  model_name: optional(z.string()),
  aliases: texts,
  owned_by: optional(z.string()),
  ...modalities,
  /** OpenRouter, llama.cpp. */
  architecture: optional(z.object(modalities)),
  /** A list in llama.cpp and Ollama, flags in LM Studio and Mistral. */
  capabilities: optional(
    z.union([z.array(z.string()), z.object({ vision: flag, function_calling: flag })]),
  ),
  /** LM Studio before its version 0.4: `llm` or `vlm`. */
  type: optional(z.string()),
  /** Properties of llama.cpp. */
  modalities: optional(z.object({ vision: flag })),
  /** SGLang. */
  has_image_understanding: flag,
  /** text-generation-inference. */
  model_pipeline_tag: optional(z.string()),
  max_total_tokens: tokens,
  /** LiteLLM. */
  model_info: optional(z.object({ supports_vision: flag, supports_function_calling: flag })),
  /** OpenRouter. */
  supported_parameters: texts,
  /** vLLM, SGLang. */
  max_model_len: tokens,
  /** llama.cpp. */
  meta: optional(z.object({ n_ctx: tokens })),
});
type ModelDescription = z.infer<typeof modelSchema>;

const listSchema = z.object({
  data: optional(z.array(optional(modelSchema))),
  models: optional(z.array(optional(modelSchema))),
});

/**
 * Asks a server what its model can do: its list of models, and where that says nothing of pictures, the
 * address at which a server of its kind does. Never throws. @internal
 */
export async function askFacts(server: CheckedServer): Promise<ServerFacts> {
  const described = await describedAt(server, `${server.baseUrl}/models`);
  const facts = merged(described.map(factsOf));
  if (facts.images !== undefined || described.length === 0) return facts;
  const root = server.baseUrl.replace(/\/v1$/, '');
  if (root === server.baseUrl) return facts;
  const more = await askKind(server, root, described);
  return { ...facts, ...more };
}

/** Where servers of a kind say more of a model, by whom they say that it belongs to. */
async function askKind(
  server: CheckedServer,
  root: string,
  described: readonly ModelDescription[],
): Promise<ServerFacts> {
  const owner = described.find(({ owned_by }) => owned_by !== undefined)?.owned_by ?? '';
  const isOfItself = described.some(({ id }) => id === owner);
  const paths = isOfItself ? ['/info'] : (pathsByOwner[owner] ?? []);
  for (const path of paths) {
    const found = merged((await describedAt(server, root + path)).map(factsOf));
    if (found.images !== undefined) return found;
  }
  // Owners are namespaces in Ollama.
  if (paths.length > 0 || !root.startsWith('http:') || owner === 'vllm') return {};
  const body = { model: server.model };
  return merged((await describedAt(server, `${root}/api/show`, body)).map(toolFactsOf));
}

const pathsByOwner: Readonly<Record<string, readonly string[]>> = {
  llamacpp: ['/props'],
  sglang: ['/model_info', '/get_model_info'],
  organization_owner: ['/api/v1/models', '/api/v0/models'],
  openai: ['/model/info'],
};

/** The descriptions of the server's model in what an address gives. */
async function describedAt(
  server: CheckedServer,
  url: string,
  body?: object,
): Promise<ModelDescription[]> {
  const given = await jsonAt(server, url, body);
  const list = listSchema.safeParse(given);
  const { data, models } = list.success ? list.data : {};
  if (data === undefined && models === undefined) {
    const alone = modelSchema.safeParse(given);
    return alone.success ? [alone.data] : [];
  }
  return [data, models].flatMap((each) => ofModel(each?.filter(isThere) ?? [], server.model));
}

function isThere<Value>(value: Value | undefined): value is Value {
  return value !== undefined;
}

/** A server with one model has it answer to any name. */
function ofModel(described: readonly ModelDescription[], name: string): ModelDescription[] {
  const named = described.filter(({ id, name: title, model, key, model_name, aliases = [] }) =>
    [id, title, model, key, model_name, ...aliases].includes(name),
  );
  return named.length === 0 && described.length === 1 ? [...described] : named;
}

async function jsonAt(
  { apiKey }: CheckedServer,
  url: string,
  body: object | undefined,
): Promise<unknown> {
  try {
    const response = await request(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of response.body) {
      length += chunk.length;
      if (length > maxBytes || response.statusCode !== 200) return undefined;
      chunks.push(chunk);
    }
    return parsedJson(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return undefined;
  }
}

function merged(facts: readonly ServerFacts[]): ServerFacts {
  return Object.assign({}, ...facts.toReversed());
}

function factsOf(model: ModelDescription): ServerFacts {
  const images = seesOf(model);
  const tools = callsOf(model);
  const length = model.meta?.n_ctx ?? model.max_model_len ?? model.max_total_tokens;
  return {
    ...(images !== undefined && { images }),
    ...(tools !== undefined && { tools }),
    ...(length !== undefined && { contextLengthTokens: length }),
  };
}

/** Of Ollama, whose list of capabilities is whole. */
function toolFactsOf(model: ModelDescription): ServerFacts {
  const { capabilities } = model;
  const tools = Array.isArray(capabilities) ? capabilities.includes('tools') : undefined;
  return { ...factsOf(model), ...(tools !== undefined && { tools }) };
}

function seesOf(model: ModelDescription): boolean | undefined {
  const inputs = model.input_modalities ?? model.architecture?.input_modalities;
  if (inputs !== undefined) return inputs.includes('image');
  const { capabilities } = model;
  if (Array.isArray(capabilities)) {
    if (capabilities.some((each) => /vision|multimodal|image/.test(each))) return true;
    if (capabilities.includes('completion')) return false;
  } else if (capabilities?.vision !== undefined) return capabilities.vision;
  return (
    model.modalities?.vision ??
    model.has_image_understanding ??
    model.model_info?.supports_vision ??
    seesByKind[model.model_pipeline_tag ?? model.type ?? '']
  );
}

const seesByKind: Readonly<Record<string, boolean>> = {
  vlm: true,
  llm: false,
  'image-text-to-text': true,
  'text-generation': false,
};

function callsOf({
  capabilities,
  supported_parameters,
  model_info,
}: ModelDescription): boolean | undefined {
  if (supported_parameters !== undefined) return supported_parameters.includes('tools');
  const flags = Array.isArray(capabilities) ? undefined : capabilities?.function_calling;
  return flags ?? model_info?.supports_function_calling;
}
