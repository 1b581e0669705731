import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeModel, modelVariants, parseModelVariant } from '@vistazo/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  chooseGraphFiles,
  completeVariants,
} from '../../../../packages/core/src/inference/files/model-files.ts';
import { tinyFolder } from '../tiny-model.ts';

const graphs = ['vision_encoder', 'embed_tokens', 'decoder_model_merged'];

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vistazo-files-'));
  await mkdir(join(folder, 'onnx'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const pathOf = (file: string) => join(folder, 'onnx', file);

/** Graph files of a suffix, of as many bytes together; only their size matters, so that they hold no blocks. */
async function putGraphs(suffix: string, bytes: number): Promise<void> {
  for (const name of graphs) await putFile(`${name}${suffix}.onnx`, Math.floor(bytes / 3));
}

async function putFile(file: string, bytes: number): Promise<void> {
  await writeFile(pathOf(file), '');
  await truncate(pathOf(file), bytes);
}

/** More than fits, whatever other programs do meanwhile. */
const tooMuch = () => freemem() * 4 + 2 ** 36;

describe('a set of weights that the user chose', () => {
  it.each([
    ['fp32', ''],
    ['fp16', '_fp16'],
    ['q4', '_q4'],
    ['q4f16', '_q4f16'],
    ['int8', '_int8'],
    ['uint8', '_uint8'],
    ['quantized', '_quantized'],
    ['bnb4', '_bnb4'],
  ] as const)('%s is of the files that end in "%s.onnx"', async (variant, suffix) => {
    await putGraphs('', 30);
    await putGraphs(suffix, 30);
    const chosen = await chooseGraphFiles(folder, variant);
    expect(chosen.variant).toBe(variant);
    expect(Object.values(chosen.paths)).toEqual(
      graphs.map((name) => pathOf(`${name}${suffix}.onnx`)),
    );
  });

  it('is taken even where it fills the memory', async () => {
    await putGraphs('', tooMuch());
    await putGraphs('_q4', 30);
    expect(await chooseGraphFiles(folder, 'fp32')).toMatchObject({ variant: 'fp32' });
  });

  it('and of which a file lacks is an error that names the file', async () => {
    await putGraphs('_q4', 30);
    await rm(pathOf('embed_tokens_q4.onnx'));
    await expect(chooseGraphFiles(folder, 'q4')).rejects.toMatchObject({
      code: 'model.fileMissing',
      message: `The model lacks ${pathOf('embed_tokens_q4.onnx')}; download it again, or choose another variant than q4.`,
    });
  });

  it('of a name that is not known is an error that lists the known', () => {
    expect(() => parseModelVariant('fp8')).toThrow(
      `There is no variant fp8; use one of ${modelVariants.join(', ')}.`,
    );
  });
});

describe('a set of weights chosen by memory', () => {
  it('is the most exact where all fit', async () => {
    for (const suffix of ['_q4', '_fp16', '_int8', '']) await putGraphs(suffix, 30);
    expect(await chooseGraphFiles(folder)).toMatchObject({ variant: 'fp32' });
  });

  it('is the next that fits where the most exact does not', async () => {
    await putGraphs('', tooMuch());
    await putGraphs('_quantized', tooMuch());
    await putGraphs('_int8', 60);
    await putGraphs('_q4', 30);
    expect(await chooseGraphFiles(folder)).toMatchObject({ variant: 'int8', bytes: 60 });
  });

  it.each(['_data', '_data_1'])('counts the weights beside a graph, in %s', async (end) => {
    await putGraphs('', 30);
    await putFile(`decoder_model_merged.onnx${end}`, tooMuch());
    await putGraphs('_q4', 30);
    expect(await chooseGraphFiles(folder)).toMatchObject({ variant: 'q4' });
  });

  it('is the smallest where none fits', async () => {
    await putGraphs('', tooMuch() + 2 ** 33);
    await putGraphs('_q4', tooMuch());
    await putGraphs('_fp16', tooMuch() + 2 ** 32);
    expect(await chooseGraphFiles(folder)).toMatchObject({ variant: 'q4' });
  });

  it('is none of which a file lacks', async () => {
    await putGraphs('', 30);
    await rm(pathOf('vision_encoder.onnx'));
    await putGraphs('_uint8', 30);
    expect(await chooseGraphFiles(folder)).toMatchObject({ variant: 'uint8' });
    expect((await completeVariants(folder)).map(({ variant }) => variant)).toEqual(['uint8']);
  });

  it('is an error that names a file where there is none', async () => {
    await expect(chooseGraphFiles(folder)).rejects.toMatchObject({
      code: 'model.fileMissing',
      message: expect.stringContaining(pathOf('vision_encoder.onnx')),
    });
  });
});

describe('the random model in its folder', () => {
  it('has three complete sets, of which the most exact is taken', async () => {
    const sets = await completeVariants(tinyFolder);
    expect(sets.map(({ variant }) => variant)).toEqual(['fp32', 'int8', 'fp16']);
    expect(await describeModel(tinyFolder)).toMatchObject({ graphs: { variant: 'fp32' } });
  });
});
