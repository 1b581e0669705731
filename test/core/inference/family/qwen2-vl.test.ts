import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
import { optimiseDecoder } from '../../../../packages/core/src/inference/optimise/optimise-decoder.ts';
import {
  answerOf,
  countOf,
  eyesOf,
  picturesOf,
  requestOf,
  showingTokens,
  withInference,
} from '../tiny-model.ts';
import {
  type FamilyCase,
  familyFolder,
  pixelHashes,
  tokensIn,
  worstLogits,
} from './family-case.ts';

/** A case whose tokens have places by time, row and column. */
interface PlacedCase extends FamilyCase {
  /** `[3, tokens]` */
  positions: number[][];
  next: number;
  /** Of each picture: frames, rows and columns of patches. */
  grids: number[][];
}

const threads = { intraOpThreads: 1 };

describe.each(['tiny-qwen2-vl', 'tiny-qwen2.5-vl'])('%s against transformers', (name) => {
  const folder = familyFolder(name);
  const { cases: byName }: { cases: Record<string, PlacedCase> } = JSON.parse(
    readFileSync(`${folder}/vectors.json`, 'utf8'),
  );
  const cases = Object.entries(byName);
  const tokensOf = (text: string) => tokensIn(folder, text);
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
    expect(pixelHashes(each.messages, description)).toEqual(each.pixels);
    const images = eyesOf(description);
    const grids = picturesOf(each.messages, description).flatMap(({ layout, pixels }) =>
      layout.tiles.map((tile, index) => {
        const { grid_thw: grid } = images.feeds(tile, pixels[index] ?? new Uint8Array());
        return Array.from(grid?.data ?? [], Number);
      }),
    );
    expect(grids).toEqual(each.grids);
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
    const { messages, tokens } = byName['several pictures over several turns'] as PlacedCase;
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

  it.each(cases)('gives the logits of transformers: %s', async (_, each) => {
    expect(await worstLogits(description, each)).toBeLessThan(1e-4);
  });
});

describe('a local Qwen2.5-VL', () => {
  const picture = readFileSync(familyFolder('../../docs/images/chat-page.png'));
  const asking = (image: Uint8Array) => [
    { role: 'user' as const, content: [{ type: 'image' as const, image }] },
  ];
  let model: Awaited<ReturnType<typeof createLocalModel>>;
  beforeAll(async () => {
    model = await createLocalModel({ model: familyFolder('tiny-qwen2.5-vl'), intraOpThreads: 1 });
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
    readFileSync(familyFolder('qwen2-vl-sizes.json'), 'utf8'),
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
