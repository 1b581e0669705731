import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmbeddingModel, createLocalModel, type EmbeddingModel } from '@vistazo/core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmbeddingClient } from '../../../../packages/core/dist/inference/embedding/embedding-client.js';
import { DualEncoder } from '../../../../packages/core/src/inference/embedding/dual-encoder.ts';
import { describeEmbeddingModel } from '../../../../packages/core/src/inference/files/embedding-folder.ts';
import { Tokenizer } from '../../../../packages/core/src/inference/tokenize/tokenizer.ts';
import { formulaPicture } from '../../image/formula-picture.ts';
import { referenceFolder } from '../../reference-files.ts';
import { familyFolder } from '../family/family-case.ts';
import { downloadsOf, startHub } from '../files/loopback-hub.ts';

interface Vectors {
  transformers: string;
  logitScale: number;
  texts: { text: string; ids: number[]; embedding: number[] }[];
  pictures: { size: [number, number]; embedding: number[]; scores: Record<string, number> }[];
}

const folder = familyFolder('tiny-clip');
const vectors: Vectors = JSON.parse(readFileSync(join(folder, 'vectors.json'), 'utf8'));
const threads = { intraOpThreads: 1 };

/** The cosine of vectors of length 1. */
const cosine = (a: Float32Array | undefined, b: readonly number[]) =>
  b.reduce((sum, value, index) => sum + value * (a?.[index] ?? Number.NaN), 0);

const pngOf = async (size: [number, number]) => {
  const { widthPx: width, heightPx: height, data } = formulaPicture(...size);
  return new Uint8Array(
    await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer(),
  );
};

async function inCopy<T>(use: (copy: string) => Promise<T>): Promise<T> {
  const copy = await mkdtemp(join(tmpdir(), 'vistazo-clip-'));
  try {
    await cp(folder, copy, { recursive: true });
    return await use(copy);
  } finally {
    await rm(copy, { recursive: true });
  }
}

describe(`a tiny CLIP does as transformers ${vectors.transformers}`, () => {
  let model: EmbeddingModel;
  beforeAll(async () => {
    model = await createEmbeddingModel({ model: folder, ...threads });
  });
  afterAll(async () => {
    await model.close();
  });

  it('in embeddings of texts, many at once', async () => {
    const embeddings = await model.embedText(vectors.texts.map(({ text }) => text));
    expect(embeddings).toHaveLength(vectors.texts.length);
    for (const [index, { embedding }] of vectors.texts.entries()) {
      expect(cosine(embeddings[index], embedding)).toBeGreaterThan(0.99999);
    }
  });

  it.each(vectors.pictures)(
    'in the embedding of a picture of $size',
    async ({ size, embedding }) => {
      const ours = await model.embedImage(await pngOf(size));
      expect(ours).toHaveLength(model.info.dimensions);
      expect(cosine(ours, embedding)).toBeGreaterThan(0.99999);
    },
  );

  it('in the classes of a picture', async () => {
    for (const { size, scores } of vectors.pictures) {
      const { logitScale } = vectors;
      const found = await model.classify(await pngOf(size), Object.keys(scores), { logitScale });
      const best = Object.entries(scores).toSorted(([, a], [, b]) => b - a);
      expect(found.map(({ label }) => label)).toEqual(best.map(([label]) => label));
      for (const { label, score } of found) expect(score).toBeCloseTo(scores[label] ?? 0, 4);
    }
  });

  it('in the same embedding alone as among others, of length 1', async () => {
    const [first] = await model.embedText(['a photo of a cat', 'a photo of a dog', 'two']);
    const alone = await model.embedText('a photo of a cat');
    expect(cosine(alone, Array.from(first ?? []))).toBeCloseTo(1, 6);
    expect(Math.hypot(...alone)).toBeCloseTo(1, 6);
    const pictures = await model.embedImage([await pngOf([9, 9]), await pngOf([90, 61])]);
    expect(cosine(pictures[1], vectors.pictures[1]?.embedding ?? [])).toBeGreaterThan(0.99999);
  });

  it('and refuses what it cannot do, in one sentence', async () => {
    const png = await pngOf([9, 9]);
    const invalid = { code: 'option.invalid' };
    await expect(model.classify(png, [])).rejects.toMatchObject(invalid);
    await expect(model.classify(png, ['a', 'a'])).rejects.toMatchObject(invalid);
    await expect(model.classify(png, ['a'], { template: 'no place' })).rejects.toMatchObject({
      ...invalid,
      message: expect.stringContaining('template'),
    });
    await expect(model.embedImage('no address')).rejects.toMatchObject(invalid);
    await expect(model.embedImage(new Uint8Array(9))).rejects.toMatchObject({
      code: expect.stringMatching(/^picture\./),
    });
    await expect(model.embedImage([png, new Uint8Array(9)])).rejects.toThrow(/^Picture 2 of 2/);
    expect(await model.embedText([])).toEqual([]);
  });

  it('and lets go of aborted work, after which it works on', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const work = model.embedText(
      Array.from({ length: 200 }, (_, i) => `text ${i}`),
      stop,
    );
    stop.abort(reason);
    await expect(work).rejects.toBe(reason);
    await expect(model.embedImage(await pngOf([9, 9]), stop)).rejects.toBe(reason);
    expect(await model.embedText('on')).toHaveLength(model.info.dimensions);
  });
});

describe('the tokens of a text', () => {
  it('are those of transformers, and cut where the text is too long', async () => {
    const encoder = await DualEncoder.open(await describeEmbeddingModel(folder), threads);
    try {
      for (const { text, ids } of vectors.texts) expect(encoder.tokenise(text)).toEqual(ids);
      expect(encoder.tokenise('x '.repeat(500))).toHaveLength(20);
    } finally {
      await encoder.close();
    }
  });

  it('end where the text does, whatever it says', async () => {
    const encoder = await DualEncoder.open(await describeEmbeddingModel(folder), threads);
    try {
      const ids = encoder.tokenise('a<|endoftext|>b');
      expect(ids.filter((id) => id === ids.at(-1))).toHaveLength(1);
    } finally {
      await encoder.close();
    }
  });

  const published = `${referenceFolder}/clip-vit-base-patch32`;
  const isThere = existsSync(published);
  const note = isThere ? '' : ' (skipped: ../shared/reference/clip-vit-base-patch32 is missing)';
  it.skipIf(!isThere)(`of the published CLIP are those of transformers${note}`, () => {
    const tokenizer = Tokenizer.load({
      tokenizerJson: readFileSync(`${published}/tokenizer.json`, 'utf8'),
      tokenizerConfig: {},
    });
    const strings: { text: string; ids: number[] }[] = JSON.parse(
      readFileSync(familyFolder('clip-token-ids.json'), 'utf8'),
    );
    for (const { text, ids } of strings) {
      expect(tokenizer.encode(text, { addSpecialTokens: true })).toEqual(ids);
    }
  });
});

describe('the process that makes embeddings', () => {
  it('is started again after it has died, and work that it died of is tried once more', async () => {
    const client = new EmbeddingClient(await describeEmbeddingModel(folder), 1);
    try {
      await client.start();
      const work = client.embed({ type: 'texts', texts: ['a', 'bc'] }, undefined);
      process.kill((await client.pid()) ?? 0, 'SIGKILL');
      expect(await work).toHaveLength(2);
      process.kill((await client.pid()) ?? 0, 'SIGKILL');
      expect(await client.embed({ type: 'texts', texts: ['a'] }, undefined)).toHaveLength(1);
    } finally {
      await client.close();
    }
    await expect(client.embed({ type: 'texts', texts: ['a'] }, undefined)).rejects.toMatchObject({
      code: 'engine.closed',
    });
  });
});

describe('a model folder for embeddings', () => {
  it('may have a graph of texts that takes an attention mask', async () => {
    await inCopy(async (copy) => {
      await cp(join(copy, 'text_model_with_mask.onnx'), join(copy, 'onnx/text_model.onnx'));
      const encoder = await DualEncoder.open(await describeEmbeddingModel(copy), threads);
      const [first] = vectors.texts;
      const [ours] = await encoder.embedTexts([first?.text ?? ''], () => {});
      await encoder.close();
      expect(cosine(ours, first?.embedding ?? [])).toBeGreaterThan(0.99999);
    });
  });

  it('that lacks a graph, or whose files contradict each other, is refused by what is wrong', async () => {
    await inCopy(async (copy) => {
      const file = join(copy, 'preprocessor_config.json');
      const json = JSON.parse(await readFile(file, 'utf8'));
      await writeFile(file, JSON.stringify({ ...json, crop_size: 48 }));
      await expect(createEmbeddingModel({ model: copy })).rejects.toMatchObject({
        code: 'model.invalidGraph',
        message: expect.stringContaining('pixel_values'),
      });
      await rm(join(copy, 'onnx/text_model.onnx'));
      await expect(createEmbeddingModel({ model: copy })).rejects.toMatchObject({
        code: 'model.fileMissing',
        message: expect.stringContaining('text_model.onnx'),
      });
    });
  });

  it('of a hub is downloaded with its two graphs alone', async () => {
    const id = 'someone/tiny-clip';
    const names = [
      'config.json',
      'preprocessor_config.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ];
    const graphs = ['onnx/vision_model.onnx', 'onnx/text_model.onnx'];
    const files = [...names, ...graphs].map((name): [string, Uint8Array] => [
      name,
      readFileSync(join(folder, name)),
    ]);
    // Published folders hold both graphs in one besides.
    const hub = await startHub(id, [...files, ['onnx/model.onnx', new Uint8Array(9)]]);
    const cacheDir = await mkdtemp(join(tmpdir(), 'vistazo-clip-hub-'));
    try {
      const model = await createEmbeddingModel({ model: id, hubUrl: hub.url, cacheDir });
      expect(model.info).toEqual({ id, variant: 'fp32', dimensions: 24 });
      await model.close();
      expect(downloadsOf(hub).sort()).toEqual([...names, ...graphs].sort());
    } finally {
      await hub.close();
      await rm(cacheDir, { recursive: true });
    }
  });

  it('is told from one of a model that answers', async () => {
    await expect(createLocalModel({ model: folder })).rejects.toMatchObject({
      code: 'model.unsupported',
      message: expect.stringContaining('createEmbeddingModel'),
    });
    await expect(createEmbeddingModel({ model: familyFolder('tiny-llama') })).rejects.toMatchObject(
      {
        code: 'model.unsupported',
        message: expect.stringContaining('createLocalModel'),
      },
    );
  });
});
