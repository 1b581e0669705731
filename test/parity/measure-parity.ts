import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type ChatMessage, describeModel } from '@vistazo/core';
import { preparePictures } from '../../packages/core/dist/backend/picture-sources.js';
import { resolveOptions } from '../../packages/core/dist/generation/resolve-options.js';
import { DualEncoder } from '../../packages/core/dist/inference/embedding/dual-encoder.js';
import { Inference } from '../../packages/core/dist/inference/engine/inference.js';
import type { ProcessedPicture } from '../../packages/core/dist/inference/family/image-layout.js';
import type {
  ImageFamily,
  ImageProcessor,
} from '../../packages/core/dist/inference/family/model-family.js';
import {
  openEmbeddingFamily,
  openFamily,
} from '../../packages/core/dist/inference/family/registry.js';
import { describeEmbeddingModel } from '../../packages/core/dist/inference/files/embedding-folder.js';
import { formulaPicture } from '../core/image/formula-picture.ts';
import { type FamilyCase, tokensIn, worstLogits } from '../core/inference/family/family-case.ts';
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

type Size = [number, number];

/** A case whose messages may show videos. */
interface ShownCase extends Omit<FamilyCase, 'messages'> {
  messages: {
    role: ChatMessage['role'];
    content: (
      | { type: 'text'; text: string }
      | { type: 'image'; size: Size }
      | { type: 'video'; sizes: Size[]; atMs?: number[]; durationMs?: number }
    )[];
  }[];
}

interface AnswerVectors {
  transformers: string;
  cases: Record<string, ShownCase>;
}

/** Messages with their pictures, which are drawn by formula. */
function prepared({ messages }: ShownCase, images: ImageFamily | undefined) {
  // Stands for a picture in this size.
  const sourceOf = (size: Size) => new TextEncoder().encode(JSON.stringify(size));
  const chat = messages.map(
    ({ role, content }): ChatMessage => ({
      role,
      content: content.map((part) => {
        if (part.type === 'text') return part;
        if (part.type === 'image') return { type: 'image', image: sourceOf(part.size) };
        const { sizes, ...times } = part;
        return { ...times, video: sizes.map(sourceOf) };
      }),
    }),
  );
  const videos = images?.videos;
  return preparePictures<ProcessedPicture>(
    chat,
    async ({ isFrame, bytes }) => {
      const size: Size = JSON.parse(new TextDecoder().decode(await bytes()));
      const picture = formulaPicture(...size);
      if (images === undefined) return [];
      const layout = images.layout(picture, (isFrame && videos?.budget) || 'full');
      return [{ layout, pixels: images.process(picture, layout) }];
    },
    {},
    videos,
  );
}

/** Whether the pixels have the hashes of a case, which are of pictures, or of tiles where there are videos. */
function hasPixels(
  pictures: readonly ProcessedPicture[],
  { pixels: theirs = [] }: Pick<ShownCase, 'pixels'>,
  images: ImageProcessor | undefined,
): boolean {
  const values = pictures.map(({ layout, pixels }) =>
    layout.tiles.map((tile, index) => {
      const feeds = images?.feeds(tile, pixels[index] ?? new Uint8Array());
      return feeds?.pixel_values?.data ?? new Uint8Array();
    }),
  );
  return (
    isSame(values.map(sha256), theirs) ||
    isSame(
      values.flat().map((each) => sha256([each])),
      theirs,
    )
  );
}

function sha256(parts: readonly NodeJS.ArrayBufferView[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** Compares a model that answers: one row for each case of its folder, which is built as those in test/reference/. */
export async function measureAnswers(folder: string, family: string): Promise<FamilyParity> {
  const { transformers, cases: byName }: AnswerVectors = readVectors(folder);
  const cases = Object.values(byName);
  const description = showingTokens(await describeModel(folder));
  const inference = await Inference.load(description, threads);
  const { images } = openFamily(description.family);
  const requestOf = async (each: ShownCase) => ({
    ...(await prepared(each, images)),
    options: resolveOptions({ maxNewTokens: 64 }, description.generation),
  });
  const textOf = async (each: ShownCase) => {
    const { signal } = new AbortController();
    const scope = { name: '', isForgotten: false };
    const events = await Array.fromAsync(inference.generate(await requestOf(each), signal, scope));
    const last = events.at(-1);
    return last?.type === 'end' ? last.text : '';
  };
  try {
    const texts = await Promise.all(cases.map(textOf));
    const rows: ParityRow[] = [];
    for (const [index, each] of cases.entries()) {
      const { messages, pictures } = await requestOf(each);
      const layouts = pictures.map(({ layout }) => layout);
      rows.push({
        family,
        pictures: pictures.length,
        pixelsMaxDiff: hasPixels(pictures, each, images) ? 0 : null,
        idsEqual: isSame(inference.tokenise({ messages, layouts }), each.inputIds),
        logitsMaxRelDiff: await worstLogits(description, { ...each, messages: [] }, pictures),
        tokensEqual: isSame(tokensIn(folder, texts[index] ?? ''), each.tokens),
      });
    }
    return { transformers, rows };
  } finally {
    await inference.close();
  }
}

/** What make_tiny_clip.py writes down. */
interface EmbeddingVectors {
  transformers: string;
  texts: { text: string; ids: number[]; embedding: number[] }[];
  pictures: { size: [number, number]; pixels: string; embedding: number[] }[];
}

/** Compares a model that makes embeddings: one row for each text and each picture of its folder. */
export async function measureEmbeddings(folder: string, family: string): Promise<FamilyParity> {
  const vectors: EmbeddingVectors = readVectors(folder);
  const description = await describeEmbeddingModel(folder);
  const encoder = await DualEncoder.open(description, threads);
  const { images } = openEmbeddingFamily(description.family);
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
      rows.push({
        family,
        pictures: 1,
        pixelsMaxDiff: hasPixels([{ layout, pixels }], { pixels: [theirs] }, images) ? 0 : null,
        // A picture alone has no ids.
        idsEqual: true,
        logitsMaxRelDiff: relativeDifference(
          await encoder.embedPicture({ layout, pixels }),
          embedding,
        ),
        tokensEqual: null,
      });
    }
    return { transformers: vectors.transformers, rows };
  } finally {
    await encoder.close();
  }
}

function readVectors<T>(folder: string): T {
  return JSON.parse(readFileSync(`${folder}/vectors.json`, 'utf8'));
}

function relativeDifference(ours: Float32Array | undefined, theirs: readonly number[]): number {
  if (ours?.length !== theirs.length) return Number.POSITIVE_INFINITY;
  const largest = Math.max(...theirs.map(Math.abs));
  return Math.max(...theirs.map((each, i) => Math.abs(each - (ours[i] ?? 0)))) / largest;
}
