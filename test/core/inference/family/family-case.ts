import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type {
  ImageLayout,
  ProcessedPicture,
} from '../../../../packages/core/dist/inference/family/image-layout.js';
import { openFamily } from '../../../../packages/core/dist/inference/family/registry.js';
import type { ModelDescription } from '../../../../packages/core/dist/inference/files/model-folder.js';
import { emptyRow } from '../../../../packages/core/dist/inference/kv/kv-row.js';
import { ModelRunner } from '../../../../packages/core/dist/inference/runner/model-runner.js';
import { formulaPicture } from '../../image/formula-picture.ts';
import type { CaseMessage } from '../tiny-model.ts';

/** A conversation and what Python transformers makes of it. */
export interface FamilyCase {
  messages: CaseMessage[];
  inputIds: number[];
  /** Greedy, 64 of them. */
  tokens: number[];
  /** By the number of the step. */
  logits: Record<string, number[]>;
  /** SHA-256 of `pixel_values` of each picture; undefined for a model without eyes. */
  pixels?: string[];
}

/** A folder of random models that a script in test/reference/ wrote. */
export const familyFolder = (name: string): string =>
  fileURLToPath(new URL(`../../../reference/${name}`, import.meta.url));

/** Cases of such a folder, by their names. */
export function casesIn(folder: string): [string, FamilyCase][] {
  const { cases }: { cases: Record<string, FamilyCase> } = JSON.parse(
    readFileSync(`${folder}/vectors.json`, 'utf8'),
  );
  return Object.entries(cases);
}

/** Token ids of an answer that a `showingTokens` model wrote with the vocabulary of a folder. */
export function tokensIn(folder: string, text: string): number[] {
  const { vocab } = JSON.parse(readFileSync(`${folder}/tokenizer.json`, 'utf8')).model;
  return text.split(' ').map((token) => vocab[token] ?? -1);
}

/** Pictures of messages, made ready. */
export function picturesIn(
  messages: readonly CaseMessage[],
  { family }: Pick<ModelDescription, 'family'>,
): ProcessedPicture[] {
  const { images } = openFamily(family);
  if (images === undefined) return [];
  return messages
    .flatMap(({ content }) => content)
    .filter((part) => part.type === 'image')
    .map(({ size }) => {
      const picture = formulaPicture(...size);
      const layout = images.layout(picture, 'full');
      return { layout, pixels: images.process(picture, layout) };
    });
}

/** SHA-256 of what the vision encoder gets of each picture. */
export function pixelHashes(messages: readonly CaseMessage[], description: ModelDescription) {
  const { images } = openFamily(description.family);
  return picturesIn(messages, description).map(({ layout, pixels }) => {
    const hash = createHash('sha256');
    for (const [index, tile] of layout.tiles.entries()) {
      hash.update(images?.feeds(tile, pixels[index] ?? new Uint8Array()).pixel_values?.data ?? '');
    }
    return hash.digest('hex');
  });
}

/**
 * The largest difference to the logits of a case, as a share of the largest of them. `seen` are its pictures, where
 * they are not those of its messages.
 */
export async function worstLogits(
  description: ModelDescription,
  asked: FamilyCase,
  seen?: readonly ProcessedPicture[],
) {
  const family = openFamily(description.family);
  const runner = await ModelRunner.open(description.graphs, family, { intraOpThreads: 1 });
  try {
    const { messages, inputIds, tokens, logits } = asked;
    const pictures = seen ?? picturesIn(messages, description);
    const features: Float32Array[] = [];
    for (const picture of pictures) {
      for (const index of picture.layout.tiles.keys()) {
        features.push(await runner.encodeTile(picture, index, { name: '', isForgotten: false }));
      }
    }
    const layouts: ImageLayout[] = pictures.map(({ layout }) => layout);
    const positions = family.positions?.(inputIds, layouts);
    const row = emptyRow();
    let worst = 0;
    for (let step = 0; step < tokens.length; step += 1) {
      const ids = step === 0 ? inputIds : [tokens[step - 1] ?? 0];
      const embeds = await runner.embed(ids);
      if (step === 0)
        merge(embeds, inputIds, { features, imageTokenId: family.images?.imageTokenId });
      const shift = positions && positions.next + step - 1;
      const at =
        step === 0 || positions === undefined || shift === undefined
          ? positions?.ids
          : new Int32Array(positions.axes).fill(shift);
      const [ours = new Float32Array()] = await runner.decoder.forward([
        { row, tokens: embeds ?? ids, positions: at },
      ]);
      const theirs = logits[step];
      if (theirs !== undefined) worst = Math.max(worst, relativeDifference(ours, theirs));
    }
    return worst;
  } finally {
    await runner.close();
  }
}

/** Puts features in the places of image tokens. */
function merge(
  embeds: Float32Array | undefined,
  ids: readonly number[],
  { features, imageTokenId }: { features: Float32Array[]; imageTokenId: number | undefined },
): void {
  if (embeds === undefined) return;
  const hidden = embeds.length / ids.length;
  const rows = features.flatMap((each) =>
    Array.from({ length: each.length / hidden }, (_, i) =>
      each.subarray(i * hidden, (i + 1) * hidden),
    ),
  );
  for (const [index, id] of ids.entries()) {
    if (id === imageTokenId) embeds.set(rows.shift() ?? [], index * hidden);
  }
  if (rows.length > 0) throw new Error(`${rows.length} features have no place in the prompt`);
}

function relativeDifference(ours: Float32Array, theirs: readonly number[]): number {
  if (ours.length !== theirs.length) return Number.POSITIVE_INFINITY;
  const largest = Math.max(...theirs.map(Math.abs));
  return Math.max(...theirs.map((each, i) => Math.abs(each - (ours[i] ?? 0)))) / largest;
}
