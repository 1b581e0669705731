import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLocalModel } from '@vistazo/core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Inference } from '../../../../packages/core/src/inference/engine/inference.ts';
import {
  layoutOf,
  smartResize,
} from '../../../../packages/core/src/inference/family/qwen2-vl/image-processor.ts';
import { parseQwen2VlImageConfig } from '../../../../packages/core/src/inference/family/qwen2-vl/read-config.ts';
import { openFamily } from '../../../../packages/core/src/inference/family/registry.ts';
import {
  describeModel,
  type ModelDescription,
} from '../../../../packages/core/src/inference/files/model-folder.ts';
import { emptyRow } from '../../../../packages/core/src/inference/kv/kv-row.ts';
import { optimiseDecoder } from '../../../../packages/core/src/inference/optimise/optimise-decoder.ts';
import { ModelRunner } from '../../../../packages/core/src/inference/runner/model-runner.ts';
import {
  answerOf,
  anyScope,
  type CaseMessage,
  countOf,
  eyesOf,
  picturesOf,
  requestOf,
  showingTokens,
  withInference,
} from '../tiny-model.ts';

interface Case {
  messages: CaseMessage[];
  prompt: string;
  inputIds: number[];
  /** `[3, tokens]` */
  positions: number[][];
  next: number;
  grids: number[][];
  /** Hashes of the values of each picture. */
  pixelValues: string[];
  tokens: number[];
  logits: Record<string, number[]>;
}

const threads = { intraOpThreads: 1 };
const referenceOf = (name: string) =>
  fileURLToPath(new URL(`../../../reference/${name}`, import.meta.url));

/** The largest difference, as a share of the largest of theirs. */
function relativeDifference(ours: Float32Array, theirs: readonly number[]): number {
  const largest = Math.max(...theirs.map(Math.abs));
  return Math.max(...theirs.map((each, i) => Math.abs(each - (ours[i] ?? Number.NaN)))) / largest;
}

describe.each(['tiny-qwen2-vl', 'tiny-qwen2.5-vl'])('%s against transformers', (name) => {
  const folder = referenceOf(name);
  const { cases: byName }: { cases: Record<string, Case> } = JSON.parse(
    readFileSync(join(folder, 'vectors.json'), 'utf8'),
  );
  const cases = Object.entries(byName);
  const vocabulary: Record<string, number> = JSON.parse(
    readFileSync(join(folder, 'tokenizer.json'), 'utf8'),
  ).model.vocab;
  const tokensOf = (text: string) => text.split(' ').map((token) => vocabulary[token] ?? -1);
  let description: ModelDescription;
  let inference: Inference;

  beforeAll(async () => {
    description = showingTokens(await describeModel(folder));
    inference = await Inference.load(description, threads);
  });
  afterAll(async () => {
    await inference.close();
  });

  it.each(cases)('pixel values and grids are equal to the bit: %s', (_, each) => {
    const images = eyesOf(description);
    const feeds = picturesOf(each.messages, description).map(({ layout, pixels }) => {
      const [tile] = layout.tiles;
      if (tile === undefined) throw new Error('A picture without tile');
      return images.feeds(tile, pixels[0] ?? new Uint8Array());
    });
    const hashes = feeds.map(({ pixel_values: values }) =>
      createHash('sha256')
        .update(new Uint8Array(values?.data.buffer ?? new ArrayBuffer()))
        .digest('hex'),
    );
    expect(hashes).toEqual(each.pixelValues);
    expect(feeds.map(({ grid_thw }) => Array.from(grid_thw?.data ?? [], Number))).toEqual(
      each.grids,
    );
  });

  it.each(cases)('ids and positions of the prompt are equal: %s', (_, each) => {
    const { layouts } = countOf(each.messages, description);
    const inputIds = inference.tokenise(countOf(each.messages, description));
    expect(inputIds).toEqual(each.inputIds);
    const positions = openFamily(description.family).positions?.(inputIds, layouts);
    expect(positions).toEqual({
      axes: 3,
      ids: Int32Array.from(each.positions.flat()),
      next: each.next,
    });
  });

  it('answers many at once with the tokens of transformers', async () => {
    const ends = await Promise.all(
      cases.map(([, { messages }]) => answerOf(inference, requestOf(messages, description))),
    );
    expect(ends.map(({ text }) => tokensOf(text))).toEqual(cases.map(([, { tokens }]) => tokens));
  });

  it('answers the next turn with the same tokens when it reuses the KV cache', async () => {
    const { messages, tokens } = byName['several pictures over several turns'] as Case;
    await answerOf(inference, requestOf(messages.slice(0, 3), description));
    const end = await answerOf(inference, requestOf(messages, description));
    expect(end.usage.reusedTokens).toBeGreaterThan(0);
    expect(tokensOf(end.text)).toEqual(tokens);
  });

  it('writes the same tokens with its optimised graph', async () => {
    const own = await mkdtemp(join(tmpdir(), 'vistazo-qwen2-vl-'));
    try {
      await cp(folder, own, { recursive: true });
      const path = join(own, 'onnx/decoder_model_merged.onnx');
      const optimised = await optimiseDecoder(path, description.attentionHeads ?? 0, threads);
      if (!optimised.isOptimised) throw new Error(optimised.reason);
      const { graphs } = description;
      const paths = { ...graphs.paths, decoder: optimised.path };
      const faster = { ...description, graphs: { ...graphs, paths } };
      const ends = await withInference(faster, (each) =>
        Promise.all(cases.map(([, { messages }]) => answerOf(each, requestOf(messages, faster)))),
      );
      expect(ends.map(({ text }) => tokensOf(text))).toEqual(cases.map(([, { tokens }]) => tokens));
    } finally {
      await rm(own, { recursive: true });
    }
  });

  it('gives the logits of transformers', async () => {
    const family = openFamily(description.family);
    const runner = await ModelRunner.open(description.graphs, family, threads);
    try {
      for (const [, each] of cases) await expectLogits(runner, each);
    } finally {
      await runner.close();
    }
  });

  /** Reads a prompt in one piece, and then the tokens of the answer one by one. */
  async function expectLogits(runner: ModelRunner, each: Case): Promise<void> {
    const row = emptyRow();
    const features: Float32Array[] = [];
    for (const picture of picturesOf(each.messages, description)) {
      features.push(await runner.encodeTile(picture, 0, anyScope));
    }
    const imageTokenId = eyesOf(description).imageTokenId;
    const seen = features.flatMap((data) => Array.from(data)).values();
    for (let step = 0; step < each.tokens.length; step += 1) {
      const ids = step === 0 ? each.inputIds : each.tokens.slice(step - 1, step);
      const tokens = ((await runner.embed(ids)) ?? new Float32Array()).slice();
      const hidden = tokens.length / ids.length;
      for (const [index, id] of ids.entries()) {
        if (id !== imageTokenId) continue;
        for (let i = 0; i < hidden; i += 1) tokens[index * hidden + i] = seen.next().value ?? 0;
      }
      const positions = Int32Array.from(
        step === 0 ? each.positions.flat() : Array<number>(3).fill(each.next + step - 1),
      );
      const [ours = new Float32Array()] = await runner.decoder.forward([
        { row, tokens, positions },
      ]);
      const theirs = each.logits[step];
      if (theirs !== undefined) expect(relativeDifference(ours, theirs)).toBeLessThan(1e-4);
    }
  }
});

describe('a local Qwen2.5-VL', () => {
  const picture = readFileSync(referenceOf('../../docs/images/chat-page.png'));
  const asking = (image: Uint8Array) => [
    { role: 'user' as const, content: [{ type: 'image' as const, image }] },
  ];
  let model: Awaited<ReturnType<typeof createLocalModel>>;
  beforeAll(async () => {
    model = await createLocalModel({ model: referenceOf('tiny-qwen2.5-vl'), intraOpThreads: 1 });
  });
  afterAll(async () => {
    await model.close();
  });

  it('answers about a file, and counts its tokens as it reads them', async () => {
    const messages = asking(picture);
    const count = await model.countTokens(messages);
    const end = (await Array.fromAsync(model.generate(messages, { maxNewTokens: 4 }))).at(-1);
    expect(end).toMatchObject({
      type: 'end',
      usage: {
        promptTokens: count.totalTokens,
        // Seven tokens by seven are the most that its preprocessor_config.json allows.
        imageTokens: expect.toSatisfy((tokens: number) => tokens > 36 && tokens <= 49),
        answerTokens: 4,
      },
    });
  });

  it('refuses a picture that is too narrow for it with one sentence', async () => {
    const narrow = await sharp({
      create: { width: 603, height: 3, channels: 3, background: 'red' },
    })
      .png()
      .toBuffer();
    await expect(Array.fromAsync(model.generate(asking(narrow)))).rejects.toMatchObject({
      code: 'picture.unsupported',
      message: expect.stringContaining('603 × 3 pixels is too long and narrow'),
    });
  });
});

describe('sizes of pictures', () => {
  const sizes: [number, number, number, number, number, number][] = JSON.parse(
    readFileSync(referenceOf('qwen2-vl-sizes.json'), 'utf8'),
  );

  it('are those of smart_resize for odd sizes and several bounds', () => {
    const ours = sizes.map(([minPixels, maxPixels, widthPx, heightPx]) =>
      smartResize({ widthPx, heightPx }, { factor: 28, minPixels, maxPixels }),
    );
    expect(sizes.length).toBeGreaterThan(500);
    expect(ours).toEqual(sizes.map(([, , , , widthPx, heightPx]) => ({ widthPx, heightPx })));
  });

  const config = parseQwen2VlImageConfig({ image_processor_type: 'Qwen2VLImageProcessorFast' });

  it('are refused with one sentence where a picture is too narrow for the model', () => {
    const narrow = { widthPx: 2011, heightPx: 10 };
    expect(() => layoutOf(narrow, config, 'full')).toThrow(
      'The picture of 2011 × 10 pixels is too long and narrow for this model',
    );
  });

  it.each([
    ['fast', 256],
    [3, 768],
  ] as const)('of the budget %s have at most %i tokens', (budget, most) => {
    for (const size of [
      { widthPx: 4000, heightPx: 3000 },
      { widthPx: 300, heightPx: 7000 },
      { widthPx: 5, heightPx: 8 },
    ]) {
      const [tile] = layoutOf(size, config, budget).tiles;
      expect(tile?.imageTokens).toBeGreaterThan(0);
      expect(tile?.imageTokens).toBeLessThanOrEqual(most);
    }
  });
});
