import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describeModel } from '@vistazo/core';
import { resolveOptions } from '../../packages/core/dist/generation/resolve-options.js';
import { DualEncoder } from '../../packages/core/dist/inference/embedding/dual-encoder.js';
import { Inference } from '../../packages/core/dist/inference/engine/inference.js';
import { openImages } from '../../packages/core/dist/inference/family/registry.js';
import { describeEmbeddingModel } from '../../packages/core/dist/inference/files/embedding-folder.js';
import { formulaPicture } from '../core/image/formula-picture.ts';
import {
  casesIn,
  type FamilyCase,
  picturesIn,
  pixelHashes,
  tokensIn,
  worstLogits,
} from '../core/inference/family/family-case.ts';
import { showingTokens } from '../core/inference/showing-tokens.ts';

/** How a prompt, or the input of an encoder, compares with Python. */
export interface ParityRow {
  family: string;
  /** Pictures in it. */
  pictures: number;
  /** 0 where they are equal to the last bit; null where they differ, since only hashes of Python's are kept. */
  pixelsMaxDiff: 0 | null;
  idsEqual: boolean;
  /** Of logits, or of embeddings where the model has no decoder. */
  logitsMaxRelDiff: number;
  /** Null where the model writes nothing. */
  tokensEqual: boolean | null;
}

/** Rows of a family, and the version of transformers they compare with. */
export interface FamilyParity {
  transformers: string;
  rows: ParityRow[];
}

const threads = { intraOpThreads: 1 };

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Compares a model that answers: one row for each case of its folder, which is built as those in test/reference/. */
export async function measureAnswers(folder: string, family: string): Promise<FamilyParity> {
  const cases = casesIn(folder).map(([, each]) => each);
  const description = showingTokens(await describeModel(folder));
  const inference = await Inference.load(description, threads);
  const requestOf = ({ messages }: FamilyCase) => ({
    messages: messages.map(({ role, content }) => ({
      role,
      content: content.map((part) => (part.type === 'image' ? { type: part.type } : part)),
    })),
    pictures: picturesIn(messages, description),
    options: resolveOptions({ maxNewTokens: 64 }, description.generation),
  });
  const textOf = async (each: FamilyCase) => {
    const { signal } = new AbortController();
    const scope = { name: '', isForgotten: false };
    const events = await Array.fromAsync(inference.generate(requestOf(each), signal, scope));
    const last = events.at(-1);
    return last?.type === 'end' ? last.text : '';
  };
  try {
    const texts = await Promise.all(cases.map(textOf));
    const rows: ParityRow[] = [];
    for (const [index, each] of cases.entries()) {
      const { messages, pictures } = requestOf(each);
      const layouts = pictures.map(({ layout }) => layout);
      rows.push({
        family,
        pictures: pictures.length,
        pixelsMaxDiff: isSame(pixelHashes(each.messages, description), each.pixels ?? [])
          ? 0
          : null,
        idsEqual: isSame(inference.tokenise({ messages, layouts }), each.inputIds),
        logitsMaxRelDiff: await worstLogits(description, each),
        tokensEqual: isSame(tokensIn(folder, texts[index] ?? ''), each.tokens),
      });
    }
    return { transformers: transformersOf(folder), rows };
  } finally {
    await inference.close();
  }
}

/** What make_tiny_clip.py writes down. */
interface EmbeddingVectors {
  texts: { text: string; ids: number[]; embedding: number[] }[];
  pictures: { size: [number, number]; pixels: string; embedding: number[] }[];
}

/** Compares a model that makes embeddings: one row for each text and each picture of its folder. */
export async function measureEmbeddings(folder: string, family: string): Promise<FamilyParity> {
  const vectors: EmbeddingVectors = JSON.parse(readFileSync(`${folder}/vectors.json`, 'utf8'));
  const description = await describeEmbeddingModel(folder);
  const encoder = await DualEncoder.open(description, threads);
  const images = openImages(description.family);
  if (images === undefined) throw new Error(`${folder} has no eyes`);
  const rows: ParityRow[] = [];
  try {
    for (const { text, ids, embedding } of vectors.texts) {
      const [ours] = await encoder.embedTexts([text], () => {});
      rows.push({
        family,
        pictures: 0,
        pixelsMaxDiff: 0,
        idsEqual: isSame(encoder.tokenise(text), ids),
        logitsMaxRelDiff: relativeDifference(ours, embedding),
        tokensEqual: null,
      });
    }
    for (const { size, pixels: theirs, embedding } of vectors.pictures) {
      const picture = formulaPicture(...size);
      const layout = images.layout(picture, 'full');
      const pixels = images.process(picture, layout);
      const hash = createHash('sha256');
      for (const [index, tile] of layout.tiles.entries()) {
        hash.update(images.feeds(tile, pixels[index] ?? new Uint8Array()).pixel_values?.data ?? '');
      }
      rows.push({
        family,
        pictures: 1,
        pixelsMaxDiff: hash.digest('hex') === theirs ? 0 : null,
        // A picture alone has no ids.
        idsEqual: true,
        logitsMaxRelDiff: relativeDifference(
          await encoder.embedPicture({ layout, pixels }),
          embedding,
        ),
        tokensEqual: null,
      });
    }
    return { transformers: transformersOf(folder), rows };
  } finally {
    await encoder.close();
  }
}

function transformersOf(folder: string): string {
  return JSON.parse(readFileSync(`${folder}/vectors.json`, 'utf8')).transformers;
}

function relativeDifference(ours: Float32Array | undefined, theirs: readonly number[]): number {
  if (ours?.length !== theirs.length) return Number.POSITIVE_INFINITY;
  const largest = Math.max(...theirs.map(Math.abs));
  return Math.max(...theirs.map((each, i) => Math.abs(each - (ours[i] ?? 0)))) / largest;
}
