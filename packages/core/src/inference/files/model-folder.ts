import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { z } from 'zod';
import { VistazoError } from '../../errors.js';
import type { FamilyFacts, FamilyFiles } from '../family/model-family.js';
import { type FamilyConfig, openFamily, readFamily } from '../family/registry.js';
import type { TokenizerFiles } from '../tokenize/tokenizer.js';
import { readChatTemplate } from './chat-template-file.js';
import { checkModelJson } from './check-model-json.js';
import {
  chooseGraphFiles,
  type GraphFiles,
  type ModelVariant,
  readModelJson,
  readOptionalModelJson,
} from './model-files.js';
import { packageNameOf } from './package-name.js';
import { readTokenizerFiles } from './tokenizer-files.js';

/** Defaults of generation that come with a model. Python writes null for what is not set. */
const generationConfigSchema = z.object({
  eos_token_id: z.union([z.number().int(), z.array(z.number().int())]).nullish(),
  do_sample: z.boolean().nullish(),
  temperature: z.number().nonnegative().nullish(),
  top_k: z.number().int().nonnegative().nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repetition_penalty: z.number().positive().nullish(),
  max_new_tokens: z.number().int().positive().nullish(),
});

/** A checked `generation_config.json`. */
export type ModelGenerationConfig = z.infer<typeof generationConfigSchema>;

/** Everything of a model but its weights; plain data that crosses process borders. */
export interface ModelDescription extends FamilyFacts {
  id: string;
  folder: string;
  graphs: GraphFiles;
  family: FamilyConfig;
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
  await requireModelFolder(folder);
  const { facts, family } = await readFamily(await readFamilyFiles(folder));
  const generation = checkModelJson(
    generationConfigSchema,
    (await readOptionalModelJson(folder, 'generation_config.json')) ?? {},
    'generation_config.json',
  );
  const tokenizerConfig = await readModelJson(folder, 'tokenizer_config.json');
  const opened = openFamily(family);
  return {
    id: id ?? (await packageNameOf(folder)) ?? basename(folder),
    folder,
    graphs: await chooseGraphFiles(folder, variant, opened.graphs),
    ...facts,
    family,
    generation,
    tokenizer: await readTokenizerFiles(folder, tokenizerConfig, opened),
    chatTemplate: await readChatTemplate(folder, tokenizerConfig),
    templateVariables: templateVariables(tokenizerConfig),
  };
}

/** The files of a folder that tell its family. Throws `model.fileMissing` or `model.invalidConfig`. */
export async function readFamilyFiles(folder: string): Promise<FamilyFiles> {
  return {
    config: await readModelJson(folder, 'config.json'),
    preprocessor: await readOptionalModelJson(folder, 'preprocessor_config.json'),
    processor: await readOptionalModelJson(folder, 'processor_config.json'),
  };
}

/** Throws `model.notFound` where there is no such folder. */
export async function requireModelFolder(folder: string): Promise<void> {
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

function templateVariables(tokenizerConfig: object): Record<string, string> {
  const entries = Object.entries(tokenizerConfig)
    .filter(([name]) => name.endsWith('_token'))
    .map(([name, value]) => [name, typeof value === 'object' ? value?.content : value])
    .filter(([, value]) => typeof value === 'string');
  return Object.fromEntries(entries);
}
