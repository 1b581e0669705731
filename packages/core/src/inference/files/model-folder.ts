import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { z } from 'zod';
import { VistazoError } from '../../errors.js';
import { idefics3ConfigSchema } from '../family/idefics3/model-config.js';
import {
  type ImageProcessorConfig,
  parseImageProcessorConfig,
} from '../family/image-processor-config.js';
import type { TokenizerFiles } from '../tokenize/tokenizer.js';
import {
  chooseGraphFiles,
  type GraphFiles,
  type ModelVariant,
  readModelJson,
  readModelText,
  readOptionalModelJson,
  requireModelText,
} from './model-files.js';

const families = { idefics3: idefics3ConfigSchema };

const processorSchema = z.object({ image_seq_len: z.number().int().positive() });

/** Defaults of generation that come with a model. */
const generationConfigSchema = z.object({
  eos_token_id: z.union([z.number().int(), z.array(z.number().int())]).optional(),
  do_sample: z.boolean().optional(),
  temperature: z.number().positive().nullish(),
  top_k: z.number().int().nonnegative().nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repetition_penalty: z.number().positive().nullish(),
  max_new_tokens: z.number().int().positive().nullish(),
});

/** A checked `generation_config.json`. */
export type ModelGenerationConfig = z.infer<typeof generationConfigSchema>;

/** Everything of a model but its weights; plain data that crosses process borders. */
export interface ModelDescription {
  id: string;
  folder: string;
  graphs: GraphFiles;
  imageTokenId: number;
  /** Heads of the decoder's attention, where config.json says how many. */
  attentionHeads: number | undefined;
  contextLengthTokens: number;
  /** Tokens of one tile. */
  imageSeqLen: number;
  imageProcessor: ImageProcessorConfig;
  generation: ModelGenerationConfig;
  tokenizer: TokenizerFiles;
  chatTemplate: string;
  /** Special tokens by the names that templates use, such as `bos_token`. */
  templateVariables: Record<string, string>;
}

/**
 * Reads a model folder in Hugging Face layout.
 * Throws `model.notFound`, `model.fileMissing`, `model.invalidConfig` or `model.unsupported`.
 */
export async function describeModel(
  path: string,
  { variant, id }: { variant?: ModelVariant; id?: string } = {},
): Promise<ModelDescription> {
  const folder = resolve(path);
  await requireFolder(folder);
  const config = parseConfig(await readModelJson(folder, 'config.json'));
  const imageProcessor = parseImageProcessorConfig(
    await readModelJson(folder, 'preprocessor_config.json'),
  );
  const processor = check(
    processorSchema,
    await readModelJson(folder, 'processor_config.json'),
    'processor_config.json',
  );
  const generation = check(
    generationConfigSchema,
    await readOptionalModelJson(folder, 'generation_config.json'),
    'generation_config.json',
  );
  const tokenizerConfig = await readModelJson(folder, 'tokenizer_config.json');
  return {
    id: id ?? basename(folder),
    folder,
    graphs: await chooseGraphFiles(folder, variant),
    imageTokenId: config.image_token_id,
    attentionHeads: config.text_config.num_attention_heads,
    contextLengthTokens: config.text_config.max_position_embeddings,
    imageSeqLen: processor.image_seq_len,
    imageProcessor,
    generation,
    tokenizer: { tokenizerJson: await requireModelText(folder, 'tokenizer.json'), tokenizerConfig },
    chatTemplate: await readChatTemplate(folder, tokenizerConfig),
    templateVariables: templateVariables(tokenizerConfig),
  };
}

async function requireFolder(folder: string): Promise<void> {
  const isFolder = await stat(folder).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  if (isFolder) return;
  throw new VistazoError(
    'model.notFound',
    `There is no model folder ${folder}; give a folder in Hugging Face layout or a hub id such as owner/name.`,
  );
}

function parseConfig(json: object) {
  const type = 'model_type' in json ? String(json.model_type) : 'none';
  const schema = Object.entries(families).find(([name]) => name === type)?.[1];
  if (schema === undefined) {
    throw new VistazoError(
      'model.unsupported',
      `config.json names the model type ${type}; supported are ${Object.keys(families).join(', ')}.`,
    );
  }
  return check(schema, json, 'config.json');
}

function check<T>(schema: z.ZodType<T>, json: object, name: string): T {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new VistazoError(
    'model.invalidConfig',
    `${name}: ${issue?.path.join('.')}: ${issue?.message}.`,
  );
}

async function readChatTemplate(folder: string, tokenizerConfig: object): Promise<string> {
  const jinja = await readModelText(folder, 'chat_template.jinja');
  if (jinja !== undefined) return jinja;
  const json = {
    ...tokenizerConfig,
    ...(await readOptionalModelJson(folder, 'chat_template.json')),
  };
  const template = 'chat_template' in json ? json.chat_template : undefined;
  if (typeof template === 'string') return template;
  throw new VistazoError(
    'model.fileMissing',
    `The model lacks a chat template: ${folder} has neither chat_template.jinja nor chat_template.json.`,
  );
}

function templateVariables(tokenizerConfig: object): Record<string, string> {
  const entries = Object.entries(tokenizerConfig)
    .filter(([name]) => name.endsWith('_token'))
    .map(([name, value]) => [name, typeof value === 'object' ? value?.content : value])
    .filter(([, value]) => typeof value === 'string');
  return Object.fromEntries(entries);
}
