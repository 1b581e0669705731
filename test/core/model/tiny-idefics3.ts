import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type GenerationOptions,
  generationOptionsSchema,
} from '../../../packages/core/src/generation/generation-options.ts';
import { resolveOptions } from '../../../packages/core/src/generation/resolve-options.ts';
import { createImageProcessor } from '../../../packages/core/src/image/image-processor.ts';
import type { InferenceRequest } from '../../../packages/core/src/model/inference-request.ts';
import type { ModelDescription } from '../../../packages/core/src/model/model-folder.ts';
import type { TemplateMessage } from '../../../packages/core/src/prompt/chat-template.ts';
import { formulaPicture } from '../image/formula-picture.ts';

/** The random model that test/reference/make_tiny_idefics3.py writes. */
export const tinyFolder = fileURLToPath(new URL('../../reference/tiny-idefics3', import.meta.url));

interface VectorMessage {
  role: TemplateMessage['role'];
  content: ({ type: 'text'; text: string } | { type: 'image'; size: [number, number] })[];
}

/** What Python transformers makes of one conversation. */
export interface AnswerVector {
  messages: VectorMessage[];
  prompt: string;
  inputIds: number[];
  tokens: number[];
  text: string;
  /** Logits of the last place by the number of tokens answered before. */
  logits: Record<string, number[]>;
  tokensOf?: Record<'fp16' | 'int8', number[]>;
}

interface Vectors {
  transformers: string;
  cases: Record<string, AnswerVector>;
  strings: { text: string; ids: number[]; decoded: string }[];
}

export const vectors: Vectors = JSON.parse(readFileSync(`${tinyFolder}/vectors.json`, 'utf8'));

export const cases = Object.entries(vectors.cases).map(([name, vector]) => ({ name, vector }));

export function caseNamed(name: string): AnswerVector {
  const vector = vectors.cases[name];
  if (vector === undefined) throw new Error(`vectors.json has no case ${name}`);
  return vector;
}

/** The request of a case, its pictures drawn and cut into tiles. */
export function requestOf(
  messages: readonly VectorMessage[],
  description: ModelDescription,
  options: GenerationOptions = {},
): InferenceRequest {
  const processor = createImageProcessor(description.imageProcessor);
  const sizes = messages.flatMap(({ content }) =>
    content.flatMap((part) => (part.type === 'image' ? [part.size] : [])),
  );
  return {
    messages: messages.map(({ role, content }) => ({
      role,
      content: content.map((part) => (part.type === 'image' ? { type: 'image' } : part)),
    })),
    pictures: sizes.map((size) => processor.process(formulaPicture(...size))),
    options: resolveOptions(generationOptionsSchema.parse(options), description.generation),
  };
}
