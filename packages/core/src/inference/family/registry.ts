import { VistazoError } from '../../errors.js';
import { idefics3 } from './idefics3/family.js';
import { llava } from './llava/family.js';
import type { FamilyFacts, FamilyFiles, FamilyModel, ModelFamily } from './model-family.js';
import { qwen2Vl } from './qwen2-vl/family.js';
import { text } from './text/family.js';

/** All families. A new one is added here and nowhere else. */
const families = { idefics3, llava, qwen2Vl, text };

type Families = typeof families;
type ConfigOf<F> = F extends ModelFamily<infer C> ? C : never;
type Registry = { [N in keyof Families]: ModelFamily<ConfigOf<Families[N]>> };
const registry: Registry = families;

/** A family and what it keeps of one model; plain data that crosses process borders. */
export type FamilyConfig<N extends keyof Families = keyof Families> = {
  [M in N]: { name: M; config: ConfigOf<Families[M]> };
}[N];

/** The family of a model, bound to it. */
export function openFamily<N extends keyof Families>({
  name,
  config,
}: FamilyConfig<N>): FamilyModel {
  return registry[name].open(config);
}

/**
 * Finds the family of a model by its `config.json` and reads its files. Throws `model.unsupported`,
 * which names the known ones, or `model.invalidConfig`.
 */
export async function readFamily(
  files: FamilyFiles,
): Promise<{ facts: FamilyFacts; family: FamilyConfig }> {
  const type = 'model_type' in files.config ? String(files.config.model_type) : 'none';
  for (const name of names()) {
    if (registry[name].modelTypes.includes(type)) return readAs(name, files);
  }
  const known = names().flatMap((name) => registry[name].modelTypes);
  throw new VistazoError(
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

function names(): (keyof Families)[] {
  return Object.keys(families).filter((name): name is keyof Families => name in families);
}
