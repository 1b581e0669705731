import { cp, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Inference } from '../../../../packages/core/src/inference/engine/inference.ts';
import { optimiseDecoder } from '../../../../packages/core/src/inference/optimise/optimise-decoder.ts';
import { knownOptimised } from '../../../../packages/core/src/inference/optimise/optimised-file.ts';
import { Decoder } from '../../../../packages/core/src/inference/runner/decoder.ts';
import {
  answerOf,
  cases,
  describeTiny,
  requestOf,
  showingTokens,
  tinyFolder,
  tokensOf,
} from '../tiny-model.ts';

const heads = 4;
const threads = { intraOpThreads: 1 };
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vistazo-optimise-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** A copy of a decoder of the tiny model, which may be written beside. */
async function copyOf(path: string): Promise<string> {
  const own = await mkdtemp(join(folder, 'model-'));
  const files = await readdir(join(tinyFolder, path, '..'));
  for (const file of files.filter((each) => each.startsWith(basename(path)))) {
    await cp(join(tinyFolder, path, '..', file), join(own, file));
  }
  return join(own, basename(path));
}

describe('a decoder that is optimised', () => {
  it.each([
    'onnx/decoder_model_merged.onnx',
    'decoders/without_position_ids.onnx',
    'decoders/num_logits_to_keep.onnx',
    'decoders/external_data/decoder_model_merged.onnx',
  ])('answers as before, many at once: %s', async (path) => {
    const decoder = await copyOf(path);
    const optimised = await optimiseDecoder(decoder, heads, threads);
    expect(optimised).toEqual({
      isOptimised: true,
      path: decoder.replace('.onnx', '.vistazo.onnx'),
    });
    if (!optimised.isOptimised) return;
    const description = showingTokens(await describeTiny());
    const { graphs } = description;
    const paths = { ...graphs.paths, decoder: optimised.path };
    const inference = await Inference.load(
      { ...description, graphs: { ...graphs, paths } },
      threads,
    );
    try {
      const ends = await Promise.all(
        cases.map(([, { messages }]) => answerOf(inference, requestOf(messages, description))),
      );
      expect(ends.map(({ text }) => tokensOf(text))).toEqual(cases.map(([, { tokens }]) => tokens));
    } finally {
      await inference.close();
    }
  });

  it('is made once, and anew when its source changes', async () => {
    const decoder = await copyOf('onnx/decoder_model_merged.onnx');
    await optimiseDecoder(decoder, heads, threads);
    const made = await stat(decoder.replace('.onnx', '.vistazo.onnx'));
    expect(await optimiseDecoder(decoder, heads, threads)).toMatchObject({ isOptimised: true });
    expect((await stat(decoder.replace('.onnx', '.vistazo.onnx'))).mtimeMs).toBe(made.mtimeMs);
    await utimes(decoder, 1, 1);
    expect(await knownOptimised(decoder)).toMatchObject({ isOptimised: true });
    const bytes = await readFile(decoder);
    bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
    await writeFile(decoder, bytes);
    expect(await knownOptimised(decoder)).toBeUndefined();
  });

  it('is not taken from a damaged note', async () => {
    const decoder = await copyOf('onnx/decoder_model_merged.onnx');
    await optimiseDecoder(decoder, heads, threads);
    await writeFile(decoder.replace('.onnx', '.vistazo.json'), '{"recipe":');
    expect(await knownOptimised(decoder)).toBeUndefined();
  });

  it.each([
    ['decoders/use_cache_branch.onnx', heads, 'not known'],
    ['onnx/decoder_model_merged_fp16.onnx', heads, '16-bit'],
    ['onnx/decoder_model_merged.onnx', 2, 'cannot be run'],
  ])('stays as it is where that is not safe: %s with %d heads', async (path, count, reason) => {
    const decoder = await copyOf(path);
    const outcome = await optimiseDecoder(decoder, count, threads);
    expect(outcome).toMatchObject({ isOptimised: false, reason: expect.stringContaining(reason) });
    expect(await knownOptimised(decoder)).toEqual(outcome);
    expect(
      (await readdir(join(decoder, '..'))).filter((each) => each.includes('vistazo.onnx')),
    ).toEqual([]);
  });

  it('has its weights in the file of the other, which is read where they lie', async () => {
    const decoder = await copyOf('onnx/decoder_model_merged.onnx');
    await optimiseDecoder(decoder, heads, threads);
    const path = decoder.replace('.onnx', '.vistazo.onnx');
    expect((await stat(path)).size).toBeLessThan((await stat(decoder)).size / 4);
    const opened = await Decoder.open(path, threads);
    expect(opened.kvSpec).toMatchObject({ layers: 2, kvHeads: 2, headDim: 16 });
    await opened.close();
  });
});
