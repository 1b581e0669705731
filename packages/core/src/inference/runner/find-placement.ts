import type { Placement } from '../kv/kv-batch.js';
import { emptyRow } from '../kv/kv-row.js';
import { areClose } from './compare-logits.js';
import type { DecoderInput } from './decoder.js';

/** Runs inputs together, with new tokens placed as told. */
type Forward = (inputs: readonly DecoderInput[], placement: Placement) => Promise<Float32Array[]>;

/** Lengths of the two rows that are tried. */
const longTokens = 3;
const shortTokens = 1;

/** The largest difference that batching may make, as a share of the range of the logits. */
const maxDifference = 0.02;

/**
 * Finds out how rows of different lengths can run together: two rows are tried against each of them
 * alone. Undefined when the graph gives other logits either way, so that each row must run alone.
 */
export async function findPlacement(
  forward: Forward,
  hidden: number,
): Promise<Placement | undefined> {
  const alone: Float32Array[] = [];
  for (const tokens of [longTokens, shortTokens]) {
    alone.push(...(await afterTwoMore(forward, 'afterRow', hidden, [tokens])));
  }
  for (const placement of ['afterRow', 'end'] as const) {
    const together = await afterTwoMore(forward, placement, hidden, [longTokens, shortTokens]);
    if (together.every((logits, row) => areClose(logits, alone[row] ?? logits, maxDifference)))
      return placement;
  }
  return undefined;
}

/** Logits of rows that read so many tokens, each alone, and then two more together, one by one. */
async function afterTwoMore(
  forward: Forward,
  placement: Placement,
  hidden: number,
  lengths: readonly number[],
): Promise<Float32Array[]> {
  const rows = lengths.map(() => emptyRow());
  for (const [index, row] of rows.entries()) {
    const inputsEmbeds = made(lengths[index] ?? 0, hidden);
    await forward([{ row, inputsEmbeds }], placement);
  }
  const more = rows.map((row) => ({ row, inputsEmbeds: made(1, hidden) }));
  // Only the second one shows where the first was put.
  await forward(more, placement);
  return (await forward(more, placement)).map((logits) => logits.slice());
}

/** Embeddings that differ from token to token. */
function made(tokens: number, hidden: number): Float32Array {
  return Float32Array.from({ length: tokens * hidden }, (_, i) => Math.sin(1 + i * 1.7 + tokens));
}
