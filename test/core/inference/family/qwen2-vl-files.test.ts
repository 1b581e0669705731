import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFamily } from '../../../../packages/core/src/inference/family/registry.ts';
import {
  describeModel,
  type ModelDescription,
} from '../../../../packages/core/src/inference/files/model-folder.ts';
import {
  buildPrompt,
  openPromptModel,
} from '../../../../packages/core/src/inference/tokenize/prompt.ts';
import { Tokenizer } from '../../../../packages/core/src/inference/tokenize/tokenizer.ts';
import { referenceFolder } from '../../reference-files.ts';
import type { CaseMessage } from '../tiny-model.ts';

const real = `${referenceFolder}/Qwen2.5-VL-7B-Instruct`;
const isThere = existsSync(real);
const note = isThere ? '' : ` (skipped: ${real} is missing)`;

const {
  cases,
}: { cases: { messages: CaseMessage[]; count: number; ids: string; positions: string }[] } =
  JSON.parse(
    readFileSync(new URL('../../../reference/qwen2-vl-prompts.json', import.meta.url), 'utf8'),
  );

const digest = (numbers: Iterable<number>) =>
  createHash('sha256').update(Int32Array.from(numbers)).digest('hex');

describe.skipIf(!isThere)(`the files of Qwen2.5-VL-7B-Instruct${note}`, () => {
  let folder: string;
  let description: ModelDescription;

  /** Graphs are looked for and not read. */
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vistazo-qwen2-vl-'));
    await mkdir(join(folder, 'onnx'));
    for (const file of readdirSync(real)) await symlink(join(real, file), join(folder, file));
    for (const graph of ['vision_encoder', 'embed_tokens', 'decoder_model_merged']) {
      await writeFile(join(folder, 'onnx', `${graph}.onnx`), '');
    }
    description = await describeModel(folder);
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it('make the ids and positions of transformers, without tokenizer.json', () => {
    expect(existsSync(join(folder, 'tokenizer.json'))).toBe(false);
    const tokenizer = Tokenizer.load(description.tokenizer);
    const family = openFamily(description.family);
    const model = openPromptModel(description, family, tokenizer);
    for (const { messages, count, ids, positions } of cases) {
      const sizes = messages.flatMap(({ content }) =>
        content.flatMap((part) => (part.type === 'image' ? [part.size] : [])),
      );
      const layouts = sizes.flatMap(([widthPx, heightPx]) => {
        const layout = family.images?.layout({ widthPx, heightPx }, 'full');
        return layout === undefined ? [] : [layout];
      });
      const asked = messages.map(({ role, content }) => ({
        role,
        content: content.map((part) => (part.type === 'image' ? { type: 'image' as const } : part)),
      }));
      const inputIds = tokenizer.encode(buildPrompt(asked, layouts, model));
      expect(inputIds).toHaveLength(count);
      expect(digest(inputIds)).toBe(ids);
      expect(digest(family.positions?.(inputIds, layouts).ids ?? [])).toBe(positions);
    }
  });

  it('say how long its context is and where an answer ends', () => {
    expect(description.contextLengthTokens).toBe(128_000);
    const tokenizer = Tokenizer.load(description.tokenizer);
    expect(tokenizer.tokenToId('<|im_end|>')).toBe(151_645);
    expect(description.generation.eos_token_id).toContain(151_645);
  });
});
