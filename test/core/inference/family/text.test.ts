import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLocalModel } from '@vistazo/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveOptions } from '../../../../packages/core/src/generation/resolve-options.ts';
import { Inference } from '../../../../packages/core/src/inference/engine/inference.ts';
import {
  describeModel,
  type ModelDescription,
} from '../../../../packages/core/src/inference/files/model-folder.ts';
import { emptyRow } from '../../../../packages/core/src/inference/kv/kv-row.ts';
import { optimiseDecoder } from '../../../../packages/core/src/inference/optimise/optimise-decoder.ts';
import { Decoder } from '../../../../packages/core/src/inference/runner/decoder.ts';
import type { TemplateMessage } from '../../../../packages/core/src/inference/tokenize/chat-template.ts';
import { answerOf, showingTokens, tokensOf } from '../tiny-model.ts';

interface Vectors {
  transformers: string;
  cases: Record<
    string,
    {
      messages: TemplateMessage[];
      inputIds: number[];
      tokens: number[];
      logits: Record<string, number[]>;
    }
  >;
}

const threads = { intraOpThreads: 1 };
const folderOf = (name: string) =>
  fileURLToPath(new URL(`../../../reference/${name}`, import.meta.url));

/** The largest difference, as a share of the largest of theirs. */
function relativeDifference(ours: Float32Array, theirs: readonly number[]): number {
  const largest = Math.max(...theirs.map(Math.abs));
  return Math.max(...theirs.map((each, i) => Math.abs(each - (ours[i] ?? Number.NaN)))) / largest;
}

describe.each(['tiny-llama', 'tiny-qwen2'])('a language model without eyes, %s', (name) => {
  const folder = folderOf(name);
  const vectors: Vectors = JSON.parse(readFileSync(join(folder, 'vectors.json'), 'utf8'));
  const cases = Object.values(vectors.cases);
  let description: ModelDescription;

  beforeAll(async () => {
    description = showingTokens(await describeModel(folder));
  });

  const requestOf = (messages: TemplateMessage[]) => ({
    messages,
    pictures: [],
    options: resolveOptions({ maxNewTokens: 64 }, description.generation),
  });

  async function expectTokens(asked: ModelDescription): Promise<void> {
    const inference = await Inference.load(asked, threads);
    try {
      const ends = await Promise.all(
        cases.map(({ messages }) => answerOf(inference, requestOf(messages))),
      );
      expect(ends.map(({ text }) => tokensOf(text))).toEqual(cases.map(({ tokens }) => tokens));
      for (const { messages, inputIds } of cases) {
        expect(inference.tokenise({ messages, layouts: [] })).toEqual(inputIds);
      }
    } finally {
      await inference.close();
    }
  }

  it('writes the tokens of transformers, many answers at once', async () => {
    await expectTokens(description);
  });

  it('gives the logits of transformers', async () => {
    const decoder = await Decoder.open(description.graphs.paths.decoder, threads);
    try {
      for (const { inputIds, tokens, logits } of cases) {
        const row = emptyRow();
        const steps = [inputIds, ...tokens.slice(0, -1).map((token) => [token])];
        for (const [step, ids] of steps.entries()) {
          const [ours = new Float32Array()] = await decoder.forward([{ row, tokens: ids }]);
          const theirs = logits[step];
          if (theirs !== undefined) expect(relativeDifference(ours, theirs)).toBeLessThan(1e-4);
        }
      }
    } finally {
      await decoder.close();
    }
  });

  it('writes the same with its optimised graph', async () => {
    const own = await mkdtemp(join(tmpdir(), 'vistazo-text-'));
    try {
      await cp(folder, own, { recursive: true });
      const path = join(own, 'onnx/model.onnx');
      const optimised = await optimiseDecoder(path, description.attentionHeads ?? 0, threads);
      if (!optimised.isOptimised) throw new Error(optimised.reason);
      const { graphs } = description;
      const paths = { ...graphs.paths, decoder: optimised.path };
      await expectTokens({ ...description, graphs: { ...graphs, paths } });
    } finally {
      await rm(own, { recursive: true });
    }
  });
});

describe('a local model without eyes', () => {
  const picture = readFileSync(folderOf('../../docs/images/chat-page.png'));
  let model: Awaited<ReturnType<typeof createLocalModel>>;
  beforeAll(async () => {
    model = await createLocalModel({ model: folderOf('tiny-llama'), intraOpThreads: 1 });
  });
  afterAll(async () => {
    await model.close();
  });

  it('says that it has none', () => {
    expect(model.info.capabilities.images).toBe(false);
  });

  it('answers questions without pictures', async () => {
    const messages = [{ role: 'user' as const, content: 'Hello' }];
    const events = await Array.fromAsync(model.generate(messages, { maxNewTokens: 4 }));
    expect(events.at(-1)).toMatchObject({
      type: 'end',
      usage: { answerTokens: 4, imageTokens: 0 },
    });
    expect((await model.countTokens(messages)).totalTokens).toBeGreaterThan(0);
  });

  it('refuses a picture with one sentence', async () => {
    const messages = [
      { role: 'user' as const, content: [{ type: 'image' as const, image: picture }] },
    ];
    await expect(Array.fromAsync(model.generate(messages))).rejects.toMatchObject({
      code: 'option.unsupported',
      message: expect.stringContaining('cannot see pictures'),
    });
  });
});
