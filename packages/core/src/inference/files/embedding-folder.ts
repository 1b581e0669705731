import { basename, resolve } from 'node:path';
import { VistazoError } from '../../errors.js';
import { type EmbeddingFamilyConfig, readEmbeddingFamily } from '../family/registry.js';
import type { TokenizerFiles } from '../tokenize/tokenizer.js';
import {
  chooseGraphs,
  type ModelVariant,
  readOptionalModelJson,
  requireModelText,
} from './model-files.js';
import { readFamilyFiles, requireModelFolder } from './model-folder.js';
import { packageNameOf } from './package-name.js';

/** The graphs of a model that makes embeddings. */
export const embeddingRoles = ['vision', 'text'] as const;

/** Everything of a model that makes embeddings but its weights; plain data that crosses process borders. */
export interface EmbeddingModelDescription {
  id: string;
  variant: ModelVariant;
  /** Paths of the graph files by what the graph does. */
  graphs: { vision: string; text: string };
  family: EmbeddingFamilyConfig;
  tokenizer: TokenizerFiles;
}

/**
 * Reads the folder of a model that makes embeddings, in Hugging Face layout.
 * Throws `model.notFound`, `model.fileMissing`, `model.invalidConfig` or `model.unsupported`.
 */
export async function describeEmbeddingModel(
  path: string,
  { variant, id }: { variant?: ModelVariant; id?: string } = {},
): Promise<EmbeddingModelDescription> {
  const folder = resolve(path);
  await requireModelFolder(folder);
  const family = await readEmbeddingFamily(await readFamilyFiles(folder));
  const { paths, variant: chosen } = await chooseGraphs(folder, variant, embeddingRoles);
  const { vision, text } = paths;
  if (vision === undefined || text === undefined) {
    throw new VistazoError('internal', 'A graph that was found has no path.');
  }
  return {
    id: id ?? (await packageNameOf(folder)) ?? basename(folder),
    variant: chosen,
    graphs: { vision, text },
    family,
    tokenizer: {
      tokenizerJson: await requireModelText(folder, 'tokenizer.json'),
      tokenizerConfig: (await readOptionalModelJson(folder, 'tokenizer_config.json')) ?? {},
    },
  };
}
