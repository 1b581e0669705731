import { readdir, readFile, stat } from 'node:fs/promises';
import { freemem } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { VistazoError } from '../../errors.js';
import type { GraphRole } from '../family/model-family.js';
import { fileExists } from './file-facts.js';

/** Suffix of each set of weights, as published ONNX models name their files. */
const suffixes = {
  fp32: '',
  quantized: '_quantized',
  int8: '_int8',
  uint8: '_uint8',
  q4: '_q4',
  fp16: '_fp16',
  bnb4: '_bnb4',
  q4f16: '_q4f16',
} as const;

/** A set of weights of a model. */
export type ModelVariant = keyof typeof suffixes;

/** All sets of weights, the most exact first; of 16-bit ones those that CPUs run slowly come late. */
export const modelVariants = Object.keys(suffixes).filter(isVariant);

/** Names of graph files by what the graph does; published models differ in them. */
const graphNames: Readonly<Record<GraphRole, readonly string[]>> = {
  vision: ['vision_encoder', 'vision_model', 'embed_images'],
  text: ['text_model'],
  embed: ['embed_tokens', 'embeddings'],
  decoder: ['decoder_model_merged', 'decoder', 'model'],
};

/** The graphs of a model that sees. */
export const graphRoles = ['vision', 'embed', 'decoder'] as const satisfies readonly GraphRole[];

/** The graph files of one variant. */
export interface GraphFiles {
  variant: ModelVariant;
  /** By what the graph does. Without `embed` the decoder takes token ids itself. */
  paths: { vision?: string; embed?: string; decoder: string };
  bytes: number;
}

/** Share of the free memory that a model picked automatically may fill with its weights. */
const maxMemoryShare = 0.5;

function isVariant(name: string): name is ModelVariant {
  return Object.hasOwn(suffixes, name);
}

/** Paths by which the graph of a role may go in a variant, within the model's folder, with forward slashes. */
export function graphFileNames(variant: ModelVariant, role: GraphRole): string[] {
  return graphNames[role].map((name) => `onnx/${name}${suffixes[variant]}.onnx`);
}

/** `name` as a variant. Throws `option.invalid` naming the known ones. */
export function parseModelVariant(name: string): ModelVariant {
  if (isVariant(name)) return name;
  throw new VistazoError(
    'option.invalid',
    `There is no variant ${name}; use one of ${modelVariants.join(', ')}.`,
  );
}

/**
 * The graph files to load for these roles: those of `variant`, or else the most exact complete set
 * whose weights fill at most half of the free memory, or else the smallest.
 * Throws `model.fileMissing` naming what lacks.
 */
export async function chooseGraphFiles(
  folder: string,
  variant?: ModelVariant,
  roles: readonly GraphRole[] = graphRoles,
): Promise<GraphFiles> {
  return withDecoder(await chooseGraphs(folder, variant, roles));
}

/** Graph files of one variant by what the graphs do. */
export interface Graphs {
  variant: ModelVariant;
  paths: Partial<Record<GraphRole, string>>;
  bytes: number;
}

/** Like {@link chooseGraphFiles}, for models that need no decoder. */
export async function chooseGraphs(
  folder: string,
  variant: ModelVariant | undefined,
  roles: readonly GraphRole[],
): Promise<Graphs> {
  if (variant !== undefined) return graphFilesOf(folder, variant, roles);
  const complete = await completeGraphs(folder, roles);
  const fitting = complete.find(({ bytes }) => bytes <= freemem() * maxMemoryShare);
  const smallest = complete.toSorted((a, b) => a.bytes - b.bytes)[0];
  return fitting ?? smallest ?? graphFilesOf(folder, 'fp32', roles);
}

/** The variants of which all graph files are there. `roles` default to those of a model that sees. */
export async function completeVariants(
  folder: string,
  roles: readonly GraphRole[] = graphRoles,
): Promise<GraphFiles[]> {
  return (await completeGraphs(folder, roles)).map(withDecoder);
}

async function completeGraphs(folder: string, roles: readonly GraphRole[]): Promise<Graphs[]> {
  const found = await Promise.allSettled(
    modelVariants.map((each) => graphFilesOf(folder, each, roles)),
  );
  return found.filter((each) => each.status === 'fulfilled').map(({ value }) => value);
}

async function graphFilesOf(
  folder: string,
  variant: ModelVariant,
  roles: readonly GraphRole[],
): Promise<Graphs> {
  const paths: Partial<Record<GraphRole, string>> = {};
  let bytes = 0;
  // One after the other, so that of several files that lack always the same is named.
  for (const role of roles) {
    const path = await graphPath(folder, variant, role);
    paths[role] = path;
    bytes += await weightBytes(path, variant);
  }
  return { variant, paths, bytes };
}

function withDecoder({ paths: { decoder, ...others }, ...graphs }: Graphs): GraphFiles {
  if (decoder === undefined) throw new VistazoError('internal', 'A model needs a decoder.');
  return { ...graphs, paths: { ...others, decoder } };
}

/** The first of the names of a role that is there, or else the usual one. */
async function graphPath(folder: string, variant: ModelVariant, role: GraphRole): Promise<string> {
  const paths = graphFileNames(variant, role).map((name) => join(folder, name));
  for (const path of paths) {
    if (await fileExists(path)) return path;
  }
  return paths[0] ?? folder;
}

async function weightBytes(path: string, variant: string): Promise<number> {
  const graph = await stat(path).catch((cause: unknown) => {
    throw new VistazoError(
      'model.fileMissing',
      `The model lacks ${path}; download it again, or choose another variant than ${variant}.`,
      { cause },
    );
  });
  return graph.size + (await externalBytes(path));
}

/** Size of the weights beside a graph: `….onnx_data`, and `….onnx_data_1` and so on where they are in parts. */
async function externalBytes(path: string): Promise<number> {
  const files = await readdir(dirname(path));
  const parts = files.filter((file) => isExternalData(file, basename(path)));
  const sizes = await Promise.all(parts.map((file) => stat(join(dirname(path), file))));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}

/** Whether the file `name` holds weights of the graph file `graphName`. */
export function isExternalData(name: string, graphName: string): boolean {
  return name.startsWith(graphName) && /^_data(_\d+)?$/.test(name.slice(graphName.length));
}

/** The parsed JSON file `name` of the model. Throws `model.fileMissing` or `model.invalidConfig`. */
export async function readModelJson(folder: string, name: string): Promise<object> {
  return parseObject(await requireModelText(folder, name), join(folder, name));
}

/** The text of the file `name` of the model. Throws `model.fileMissing`. */
export async function requireModelText(folder: string, name: string): Promise<string> {
  const text = await readModelText(folder, name);
  if (text !== undefined) return text;
  throw new VistazoError(
    'model.fileMissing',
    `The model lacks ${join(folder, name)}; download it again.`,
  );
}

/** Like {@link readModelJson}; undefined where the file is not there. */
export async function readOptionalModelJson(
  folder: string,
  name: string,
): Promise<object | undefined> {
  const text = await readModelText(folder, name);
  return text === undefined ? undefined : parseObject(text, join(folder, name));
}

/** The text of a file of the model; undefined when it is not there. */
export async function readModelText(folder: string, name: string): Promise<string | undefined> {
  return readFile(join(folder, name), 'utf8').catch(() => undefined);
}

function parseObject(text: string, path: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Reported below like any other content that is not an object.
  }
  throw new VistazoError(
    'model.invalidConfig',
    `${path} is not a JSON object; download the model again.`,
  );
}
