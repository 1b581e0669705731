import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ModelVariant } from '@vistazo/core';
import type { CacheScope } from '../../../packages/core/src/cache-scopes.ts';
import type { GenerationOptions } from '../../../packages/core/src/generation/generation-options.ts';
import { resolveOptions } from '../../../packages/core/src/generation/resolve-options.ts';
import { Inference } from '../../../packages/core/src/inference/engine/inference.ts';
import type { InferenceRequest } from '../../../packages/core/src/inference/engine/inference-request.ts';
import type { ProcessedPicture } from '../../../packages/core/src/inference/family/image-layout.ts';
import type { ImageFamily } from '../../../packages/core/src/inference/family/model-family.ts';
import { openFamily } from '../../../packages/core/src/inference/family/registry.ts';
import {
  describeModel,
  type ModelDescription,
} from '../../../packages/core/src/inference/files/model-folder.ts';
import type { TemplateMessage } from '../../../packages/core/src/inference/tokenize/chat-template.ts';
import type { CountRequest } from '../../../packages/core/src/inference/tokenize/counting-protocol.ts';
import { formulaPicture } from '../image/formula-picture.ts';

export { showingTokens } from './showing-tokens.ts';

/** A message of a case; pictures are drawn by formula in the size given. */
export interface CaseMessage {
  role: TemplateMessage['role'];
  content: ({ type: 'text'; text: string } | { type: 'image'; size: [number, number] })[];
}

/** A conversation and what Python transformers makes of it. */
export interface TinyCase {
  messages: CaseMessage[];
  prompt: string;
  inputIds: number[];
  /** Greedy, 64 of them. */
  tokens: number[];
  text: string;
  /** By the number of the step. */
  logits: Record<string, number[]>;
}

interface Vectors {
  transformers: string;
  cases: Record<string, TinyCase>;
  /** A picture in every tile grid. */
  grids: { rows: number; cols: number; size: [number, number]; text: string; ids: number[] }[];
  strings: { text: string; ids: number[]; decoded: string }[];
}

/** A random Idefics3 that test/reference/make_tiny_idefics3.py wrote. */
export const tinyFolder = fileURLToPath(new URL('../../reference/tiny-idefics3', import.meta.url));

export const vectors: Vectors = JSON.parse(readFileSync(`${tinyFolder}/vectors.json`, 'utf8'));

/** Names and cases, for `it.each`. */
export const cases = Object.entries(vectors.cases);

export function caseOf(name: string): TinyCase {
  const found = vectors.cases[name];
  if (found === undefined) throw new Error(`vectors.json has no case ${name}`);
  return found;
}

export function describeTiny(variant: ModelVariant = 'fp32'): Promise<ModelDescription> {
  return describeModel(tinyFolder, { variant });
}

/** The description with the decoder of another exporter, a path within `decoders/`. */
export async function describeTinyWithDecoder(path: string): Promise<ModelDescription> {
  const description = await describeTiny();
  const { graphs } = description;
  const paths = { ...graphs.paths, decoder: `${tinyFolder}/decoders/${path}` };
  return { ...description, graphs: { ...graphs, paths } };
}

const vocabulary: Record<string, number> = JSON.parse(
  readFileSync(`${tinyFolder}/tokenizer.json`, 'utf8'),
).model.vocab;

/** Token ids of an answer of a model that is {@link showingTokens}. */
export function tokensOf(text: string): number[] {
  return text === '' ? [] : text.split(' ').map((token) => vocabulary[token] ?? -1);
}

/** How the model of a description sees. */
export function eyesOf({ family }: Pick<ModelDescription, 'family'>): ImageFamily {
  const { images } = openFamily(family);
  if (images === undefined) throw new Error('The model has no eyes.');
  return images;
}

/** A picture drawn by formula in this size, made ready. */
export function processed(images: ImageFamily, size: [number, number]): ProcessedPicture {
  const picture = formulaPicture(...size);
  const layout = images.layout(picture, 'full');
  return { layout, pixels: images.process(picture, layout) };
}

/** Pictures of messages, made ready. */
export function picturesOf(
  messages: readonly CaseMessage[],
  description: Pick<ModelDescription, 'family'>,
): ProcessedPicture[] {
  const images = eyesOf(description);
  return messages
    .flatMap(({ content }) => content)
    .filter((part) => part.type === 'image')
    .map(({ size }) => processed(images, size));
}

/** A request for a greedy answer of 64 tokens, unless the options say otherwise. */
export function requestOf(
  messages: readonly CaseMessage[],
  description: ModelDescription,
  options: GenerationOptions = {},
): InferenceRequest {
  return {
    messages: messages.map(({ role, content }) => ({
      role,
      content: content.map((part) => (part.type === 'image' ? { type: 'image' } : part)),
    })),
    pictures: picturesOf(messages, description),
    options: resolveOptions({ maxNewTokens: 64, ...options }, description.generation),
  };
}

/** A request to count the tokens of messages. */
export function countOf(
  messages: readonly CaseMessage[],
  description: ModelDescription,
): CountRequest {
  const { messages: asked, pictures } = requestOf(messages, description);
  return { messages: asked, layouts: pictures.map(({ layout }) => layout) };
}

/** The scope of calls that are about something else. */
export const anyScope: CacheScope = { name: '', isForgotten: false };

/** The last event of an answer. */
export async function answerOf(
  inference: Inference,
  request: InferenceRequest,
  signal: AbortSignal = new AbortController().signal,
  scope: CacheScope = anyScope,
) {
  const events = await Array.fromAsync(inference.generate(request, signal, scope));
  const last = events.at(-1);
  if (last?.type !== 'end') throw new Error('An answer without end');
  return last;
}

/** Gives the model of a description to `use` and closes it. */
export async function withInference<T>(
  description: ModelDescription,
  use: (inference: Inference) => Promise<T>,
): Promise<T> {
  const inference = await Inference.load(description, { intraOpThreads: 1 });
  try {
    return await use(inference);
  } finally {
    await inference.close();
  }
}
