import { VistazoError } from '../../errors.js';
import { clip } from './clip/family.js';
import { idefics3 } from './idefics3/family.js';
import { llava } from './llava/family.js';
import type {
  EmbeddingFamily,
  EmbeddingFamilyModel,
  FamilyFacts,
  FamilyFiles,
  FamilyModel,
  ImageProcessor,
  ModelFamily,
} from './model-family.js';
import { qwen2Vl } from './qwen2-vl/family.js';
import { text } from './text/family.js';

/** All families that answer. A new one is added here and nowhere else. */
const families = { idefics3, llava, qwen2Vl, text };

/** All families that make embeddings, and have no decoder. */
const embeddingFamilies = { clip };

type Families = typeof families;
type ConfigOf<F> = F extends ModelFamily<infer C> | EmbeddingFamily<infer C> ? C : never;
type Registry = { [N in keyof Families]: ModelFamily<ConfigOf<Families[N]>> };
const registry: Registry = families;

/** A family and what it keeps of one model; plain data that crosses process borders. */
export type FamilyConfig<N extends keyof Families = keyof Families> = {
  [M in N]: { name: M; config: ConfigOf<Families[M]> };
}[N];

type EmbeddingFamilies = typeof embeddingFamilies;

/** The same of a family that makes embeddings. */
export type EmbeddingFamilyConfig = {
  [M in keyof EmbeddingFamilies]: { name: M; config: ConfigOf<EmbeddingFamilies[M]> };
}[keyof EmbeddingFamilies];

/** The family of a model, bound to it. */
export function openFamily<N extends keyof Families>({
  name,
  config,
}: FamilyConfig<N>): FamilyModel {
  return registry[name].open(config);
}

/** The same for a model that makes embeddings. */
export function openEmbeddingFamily({ name, config }: EmbeddingFamilyConfig): EmbeddingFamilyModel {
  return embeddingFamilies[name].open(config);
}

/** How a model of either kind sees; undefined where it has no eyes. */
export function openImages(
  family: FamilyConfig | EmbeddingFamilyConfig,
): ImageProcessor | undefined {
  return isEmbedding(family) ? openEmbeddingFamily(family).images : openFamily(family).images;
}

function isEmbedding(
  family: FamilyConfig | EmbeddingFamilyConfig,
): family is EmbeddingFamilyConfig {
  return family.name in embeddingFamilies;
}

/**
 * Finds the family of a model by its `config.json` and reads its files. Throws `model.unsupported`,
 * which names the known ones, or `model.invalidConfig`.
 */
export async function readFamily(
  files: FamilyFiles,
): Promise<{ facts: FamilyFacts; family: FamilyConfig }> {
  const type = typeOf(files);
  for (const name of names(families)) {
    if (registry[name].modelTypes.includes(type)) return readAs(name, files);
  }
  if (embeddingTypes().includes(type)) {
    throw new VistazoError(
      'model.unsupported',
      `A model of the type ${type} makes embeddings and cannot answer; load it with createEmbeddingModel.`,
    );
  }
  throw unsupported(type, answeringTypes());
}

/** Like {@link readFamily}, for models that make embeddings. */
export async function readEmbeddingFamily(files: FamilyFiles): Promise<EmbeddingFamilyConfig> {
  const type = typeOf(files);
  for (const name of names(embeddingFamilies)) {
    const family = embeddingFamilies[name];
    if (family.modelTypes.includes(type)) return { name, config: await family.read(files) };
  }
  if (answeringTypes().includes(type)) {
    throw new VistazoError(
      'model.unsupported',
      `A model of the type ${type} answers and makes no embeddings; load it with createLocalModel.`,
    );
  }
  throw unsupported(type, embeddingTypes());
}

function typeOf({ config }: FamilyFiles): string {
  return 'model_type' in config ? String(config.model_type) : 'none';
}

const answeringTypes = () => names(families).flatMap((name) => registry[name].modelTypes);
const embeddingTypes = () =>
  names(embeddingFamilies).flatMap((name) => embeddingFamilies[name].modelTypes);

function unsupported(type: string, known: readonly string[]): VistazoError {
  return new VistazoError(
    'model.unsupported',
    `config.json names the model type ${type}; supported are ${known.join(', ')}.`,
  );
}

async function readAs<N extends keyof Families>(
  name: N,
  files: FamilyFiles,
): Promise<{ facts: FamilyFacts; family: FamilyConfig<N> }> {
  const { facts, config } = await registry[name].read(files);
  return { facts, family: { name, config } };
}

function names<F extends object>(list: F): (keyof F)[] {
  return Object.keys(list).filter((name): name is keyof F & string => name in list);
}
