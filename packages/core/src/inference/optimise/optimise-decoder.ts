import { rename, rm, stat, writeFile } from 'node:fs/promises';
import { sha256Of } from '../files/file-facts.js';
import { emptyRow } from '../kv/kv-row.js';
import type { SessionOptions } from '../onnx/session.js';
import { areClose } from '../runner/compare-logits.js';
import { Decoder } from '../runner/decoder.js';
import { groupAttention } from './group-attention.js';

import {
  knownOptimised,
  type Note,
  notePath,
  type OptimisedDecoder,
  optimisedPath,
  recipe,
} from './optimised-file.js';
import { readOnnxFile } from './read-onnx.js';
import { writeOnnxFile } from './write-onnx.js';

/** The largest difference of logits, as a share of their range; eight-bit sums differ by kernel. */
const maxDifference = 0.02;

/**
 * Writes a faster graph beside a decoder: attention in one operator, which copies no keys and
 * values out. The weights stay in the decoder's own file. It is used only when it gives the same
 * logits. Throws what the file system throws when the folder cannot be written to.
 */
export async function optimiseDecoder(
  path: string,
  heads: number,
  options: SessionOptions = {},
): Promise<OptimisedDecoder> {
  const known = await knownOptimised(path);
  if (known !== undefined) return known;
  const { size, mtimeMs } = await stat(path);
  const source = { bytes: size, modifiedMs: mtimeMs, sha256: await sha256Of(path) };
  const plain = await Decoder.open(path, options);
  try {
    const reason = await writeOptimised(path, plain, heads, options);
    const note: Note = {
      recipe,
      source,
      isOptimised: reason === undefined,
      ...(reason !== undefined && { reason }),
    };
    await writeFile(notePath(path), JSON.stringify(note, null, 2));
    return reason === undefined
      ? { isOptimised: true, path: optimisedPath(path) }
      : { isOptimised: false, reason };
  } finally {
    await plain.close();
  }
}

/** Why it was not written; undefined when it was. */
async function writeOptimised(
  path: string,
  plain: Decoder,
  heads: number,
  options: SessionOptions,
): Promise<string | undefined> {
  const { type, kvHeads, headDim } = plain.kvSpec;
  if (type !== 'float32') return 'its keys and values are 16-bit floats';
  const rewritten = groupAttention(readOnnxFile(path), { heads, kvHeads, headDim });
  if (rewritten === undefined) return 'its attention is written in a way that is not known';
  const unfinished = `${optimisedPath(path)}.${process.pid}`;
  try {
    await writeOnnxFile(rewritten, path, unfinished);
    const difference = await differenceOf(plain, unfinished, options);
    if (difference !== undefined) return difference;
    await rename(unfinished, optimisedPath(path));
    return undefined;
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** In what a graph differs from the plain one; undefined when it gives the same logits. */
async function differenceOf(
  plain: Decoder,
  path: string,
  options: SessionOptions,
): Promise<string | undefined> {
  let optimised: Decoder | undefined;
  try {
    optimised = await Decoder.open(path, options);
    return (await haveEqualLogits(plain, optimised))
      ? undefined
      : 'the faster graph gives other logits';
  } catch {
    // ONNX Runtime names its own nodes, which tell an operator nothing.
    return 'the faster graph cannot be run';
  } finally {
    await optimised?.close();
  }
}

/** Tokens that the two graphs are compared on: a prompt in two parts, and two tokens after it. */
const comparedTokens = [7, 5, 1, 1];

async function haveEqualLogits(plain: Decoder, optimised: Decoder): Promise<boolean> {
  const rows = [plain, optimised].map((decoder) => ({ decoder, row: emptyRow() }));
  for (const [step, count] of comparedTokens.entries()) {
    const logits: Float32Array[] = [];
    for (const { decoder, row } of rows) {
      const [own] = await decoder.forward([{ row, tokens: plain.sampleTokens(count, step) }]);
      logits.push(own ?? new Float32Array());
    }
    const [theirs = new Float32Array(), ours = new Float32Array()] = logits;
    if (!areClose(ours, theirs, maxDifference)) return false;
  }
  return true;
}
