import type { Placement } from '../kv/kv-batch.js';
import { emptyRow } from '../kv/kv-row.js';
import { areClose } from './compare-logits.js';
import type { DecoderInput } from './decoder.js';

/** Runs inputs together, with new tokens placed as told. */
type Forward = (inputs: readonly DecoderInput[], placement: Placement) => Promise<Float32Array[]>;

/** Gives some tokens to try the graph with. */
type SampleTokens = (count: number, seed: number) => DecoderInput['tokens'];

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
  sample: SampleTokens,
): Promise<Placement | undefined> {
  const alone: Float32Array[] = [];
  for (const tokens of [longTokens, shortTokens]) {
    alone.push(...(await afterTwoMore(forward, 'afterRow', sample, [tokens])));
  }
  for (const placement of ['afterRow', 'end'] as const) {
    const together = await afterTwoMore(forward, placement, sample, [longTokens, shortTokens]);
    if (together.every((logits, row) => areClose(logits, alone[row] ?? logits, maxDifference)))
      return placement;
  }
  return undefined;
}

/** Logits of rows that read so many tokens, each alone, and then two more together, one by one. */
async function afterTwoMore(
  forward: Forward,
  placement: Placement,
  sample: SampleTokens,
  lengths: readonly number[],
): Promise<Float32Array[]> {
  const rows = lengths.map(() => emptyRow());
  for (const [index, row] of rows.entries()) {
    const count = lengths[index] ?? 0;
    const tokens = sample(count, count);
    await forward([{ row, tokens }], placement);
  }
  const more = rows.map((row) => ({ row, tokens: sample(1, 5) }));
  // Only the second one shows where the first was put.
  await forward(more, placement);
  return (await forward(more, placement)).map((logits) => logits.slice());
}
