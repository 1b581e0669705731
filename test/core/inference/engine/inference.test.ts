import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CacheScopes } from '../../../../packages/core/src/cache-scopes.ts';
import { Inference } from '../../../../packages/core/src/inference/engine/inference.ts';
import type { InferenceRequest } from '../../../../packages/core/src/inference/engine/inference-request.ts';
import type { ModelDescription } from '../../../../packages/core/src/inference/files/model-folder.ts';
import { Tokenizer } from '../../../../packages/core/src/inference/tokenize/tokenizer.ts';
import { Random } from '../../tenants/random.ts';
import {
  answerOf,
  anyScope,
  type CaseMessage,
  caseOf,
  cases,
  countOf,
  describeTiny,
  describeTinyWithDecoder,
  picturesOf,
  requestOf,
  showingTokens,
  tokensOf,
  vectors,
  withInference,
} from '../tiny-model.ts';

const several = caseOf('several pictures over several turns');

let description: ModelDescription;
let inference: Inference;

beforeAll(async () => {
  description = showingTokens(await describeTiny());
  inference = await Inference.load(description, { intraOpThreads: 1 });
});

afterAll(async () => {
  await inference.close();
});

describe(`64 greedy tokens are those of transformers ${vectors.transformers}`, () => {
  it.each(cases)('%s', async (_, { messages, inputIds, tokens }) => {
    const end = await answerOf(inference, requestOf(messages, description));
    expect(tokensOf(end.text)).toEqual(tokens);
    expect(end).toMatchObject({ finishReason: 'length' });
    expect(end.usage).toMatchObject({ promptTokens: inputIds.length, answerTokens: 64 });
  });

  it.each(cases)('%s, the prompt in tokens', (_, { messages, inputIds }) => {
    expect(inference.tokenise(countOf(messages, description))).toEqual(inputIds);
  });

  it.each(cases)('%s, as text', async (_, { messages, text }) => {
    const readable = await describeTiny();
    const end = await withInference(readable, (each) =>
      answerOf(each, requestOf(messages, readable)),
    );
    expect(end.text).toBe(text.trimStart());
  });
});

describe('a decoder of another exporter gives the same tokens', () => {
  it.each([
    ['without position_ids', 'without_position_ids.onnx'],
    ['with num_logits_to_keep', 'num_logits_to_keep.onnx'],
    ['with use_cache_branch', 'use_cache_branch.onnx'],
    ['with its weights in another file', 'external_data/decoder_model_merged.onnx'],
  ])('%s', async (_, path) => {
    const other = showingTokens(await describeTinyWithDecoder(path));
    await withInference(other, async (each) => {
      for (const [, { messages, tokens }] of cases) {
        const { text } = await answerOf(each, requestOf(messages, other));
        expect(tokensOf(text)).toEqual(tokens);
      }
    });
  });

  it('with 16-bit floats in and out and in the KV cache', async () => {
    const half = showingTokens(await describeTiny('fp16'));
    await withInference(half, async (each) => {
      const { messages, tokens } = several;
      const first = await answerOf(each, requestOf(messages, half));
      const again = await answerOf(each, requestOf(messages, half));
      expect(tokensOf(first.text)).toEqual(tokens);
      expect(tokensOf(again.text)).toEqual(tokens);
      expect(again.usage.reusedTokens).toBeGreaterThan(0);
    });
  });

  it('from eight-bit weights an answer comes', async () => {
    const small = showingTokens(await describeTiny('int8'));
    const { usage } = await withInference(small, (each) =>
      answerOf(each, requestOf(several.messages, small)),
    );
    expect(usage.answerTokens).toBe(64);
  });
});

describe('a next turn that reuses the KV cache', () => {
  const turns = [1, 3, 5].map((length) => several.messages.slice(0, length));

  it('answers every turn as from nothing', async () => {
    const fresh: string[] = [];
    for (const messages of turns) {
      const end = await withInference(description, (each) =>
        answerOf(each, requestOf(messages, description)),
      );
      expect(end.usage.reusedTokens).toBe(0);
      fresh.push(end.text);
    }
    await withInference(description, async (each) => {
      for (const [index, messages] of turns.entries()) {
        const end = await answerOf(each, requestOf(messages, description));
        expect(end.text).toBe(fresh[index]);
        expect(end.usage.reusedTokens > 0).toBe(index > 0);
      }
    });
  });

  it('reads no token of the turn before again but where the texts part', async () => {
    await withInference(description, async (each) => {
      const [first = [], second = []] = turns;
      await answerOf(each, requestOf(first, description));
      const { usage } = await answerOf(each, requestOf(second, description));
      const before = each.tokenise(countOf(first, description));
      expect(usage.reusedTokens).toBeGreaterThanOrEqual(before.length);
    });
  });

  it('does not take another picture of the same size for the one before', async () => {
    const one = caseOf('one picture');
    const request = requestOf(one.messages, description);
    const other = requestOf(one.messages, description);
    for (const tile of other.pictures.flatMap(({ pixels }) => pixels)) tile.reverse();
    const fresh = await withInference(description, (each) => answerOf(each, other));
    await withInference(description, async (each) => {
      expect(tokensOf((await answerOf(each, request)).text)).toEqual(one.tokens);
      expect((await answerOf(each, other)).text).toBe(fresh.text);
      expect(tokensOf((await answerOf(each, request)).text)).toEqual(one.tokens);
    });
    expect(tokensOf(fresh.text)).not.toEqual(one.tokens);
  });

  it('goes on rightly after conversations took turns and one was changed in the middle', async () => {
    const edited = several.messages.map((message, index) =>
      index === 1 ? { ...message, content: [{ type: 'text' as const, text: 'Bars.' }] } : message,
    );
    const fresh = await withInference(description, (each) =>
      answerOf(each, requestOf(edited, description)),
    );
    await withInference(description, async (each) => {
      await answerOf(each, requestOf(several.messages, description));
      await answerOf(each, requestOf(caseOf('no picture').messages, description));
      expect((await answerOf(each, requestOf(edited, description))).text).toBe(fresh.text);
      const again = await answerOf(each, requestOf(several.messages, description));
      expect(tokensOf(again.text)).toEqual(several.tokens);
    });
  });
});

describe('scopes', () => {
  const one = caseOf('one picture');
  const never = new AbortController().signal;
  const answerIn = (each: Inference, name: string) =>
    answerOf(each, requestOf(one.messages, description), never, { name, isForgotten: false });

  it('answer alike, and find what was kept in their own and nothing of another one', async () => {
    await withInference(description, async (each) => {
      const names = ['a', 'b', 'a', '', '["a"]'];
      const ends = [];
      for (const name of names) ends.push(await answerIn(each, name));
      expect(ends.map(({ text }) => tokensOf(text))).toEqual(names.map(() => one.tokens));
      const reused = ends.map(({ usage }) => usage.reusedTokens);
      expect(reused.map((tokens) => tokens > 0)).toEqual([false, false, true, false, false]);
    });
  });

  it('that are forgotten find nothing, and the others what they had', async () => {
    await withInference(description, async (each) => {
      await answerIn(each, 'a');
      await answerIn(each, 'b');
      each.forget('a');
      expect((await answerIn(each, 'a')).usage.reusedTokens).toBe(0);
      expect((await answerIn(each, 'b')).usage.reusedTokens).toBeGreaterThan(0);
      expect((await answerIn(each, 'a')).usage.reusedTokens).toBeGreaterThan(0);
    });
  });

  it('find something exactly when it was kept in them, and answer as from nothing, in 300 calls by chance', async () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const random = new Random(seed);
    const names = ['a', 'b', 'A', '', '["a"]'];
    const questions = ['no picture', 'one picture'].map((name) => {
      return requestOf(caseOf(name).messages, description, { maxNewTokens: 2 });
    });
    await withInference(description, async (each) => {
      const texts = [];
      for (const question of questions) {
        const scope = { name: 'first', isForgotten: false };
        texts.push((await answerOf(each, question, never, scope)).text);
        each.forget('first');
      }
      const kept = new Set<string>();
      for (let call = 1; call <= 300; call += 1) {
        const name = random.pick(names);
        if (random.chance(0.2)) {
          each.forget(name);
          kept.delete(name);
          continue;
        }
        const asked = random.below(questions.length);
        const request = questions[asked];
        if (request === undefined) throw new Error('There is no such question.');
        const { text, usage } = await answerOf(each, request, never, { name, isForgotten: false });
        const found = { text, isReused: usage.reusedTokens > 0 };
        const wanted = { text: texts[asked], isReused: kept.has(name) };
        expect(found, `call ${call} of seed ${seed}`).toEqual(wanted);
        kept.add(name);
      }
    });
  });

  it('that are forgotten during an answer keep nothing of it', async () => {
    await withInference(description, async (each) => {
      const scopes = new CacheScopes();
      const scope = scopes.open('a');
      const request = requestOf(one.messages, description);
      let text = '';
      for await (const event of each.generate(request, never, scope)) {
        if (event.type === 'text' && text === '') {
          scopes.forget('a');
          each.forget('a');
        }
        if (event.type === 'text') text += event.text;
      }
      expect(tokensOf(text)).toEqual(one.tokens);
      expect((await answerIn(each, 'a')).usage.reusedTokens).toBe(0);
    });
  });
});

describe('how an answer ends', () => {
  const { messages, tokens } = caseOf('no picture');

  const ending = (eos: number | number[]): ModelDescription => ({
    ...description,
    generation: { ...description.generation, eos_token_id: eos },
  });

  it('after the most new tokens', async () => {
    const end = await answerOf(inference, requestOf(messages, description, { maxNewTokens: 3 }));
    expect(end.finishReason).toBe('length');
    expect(tokensOf(end.text)).toEqual(tokens.slice(0, 3));
  });

  it.each([
    ['the one end token', tokens[9] ?? 0],
    ['the first to come of several end tokens', [0, tokens[20] ?? 0, tokens[9] ?? 0]],
  ])('before %s of generation_config.json', async (_, eos) => {
    const ended = ending(eos);
    const end = await withInference(ended, (each) => answerOf(each, requestOf(messages, ended)));
    expect(end.finishReason).toBe('endToken');
    expect(tokensOf(end.text)).toEqual(tokens.slice(0, 9));
    expect(end.usage.answerTokens).toBe(9);
  });

  it('where the context is full', async () => {
    const inputIds = inference.tokenise(countOf(messages, description));
    const narrow = { ...description, contextLengthTokens: inputIds.length + 5 };
    const end = await withInference(narrow, (each) => answerOf(each, requestOf(messages, narrow)));
    expect(end.finishReason).toBe('length');
    expect(tokensOf(end.text)).toEqual(tokens.slice(0, 5));
  });

  it('with a sentence when the prompt fills the context', async () => {
    const inputIds = inference.tokenise(countOf(messages, description));
    const narrow = { ...description, contextLengthTokens: inputIds.length };
    await expect(
      withInference(narrow, (each) => answerOf(each, requestOf(messages, narrow))),
    ).rejects.toMatchObject({
      code: 'chat.tooLong',
      message: expect.stringContaining(`has ${inputIds.length} tokens`),
    });
  });

  it('before a stop string that spans tokens', async () => {
    const readable = await describeTiny();
    const { text } = caseOf('several pictures over several turns');
    const from = text.indexOf('there') - 1;
    const stop = text.slice(from, from + 4);
    const end = await withInference(readable, (each) =>
      answerOf(each, requestOf(several.messages, readable, { stopStrings: ['never', stop] })),
    );
    expect(end.finishReason).toBe('stopString');
    expect(end.text).toBe(text.slice(0, from));
  });

  it('at once when aborted between two tokens, and the next answer is whole', async () => {
    const controller = new AbortController();
    const seen: string[] = [];
    let reason = '';
    for await (const event of inference.generate(
      requestOf(messages, description),
      controller.signal,
      anyScope,
    )) {
      if (event.type === 'text') seen.push(event.text);
      if (seen.length === 4) controller.abort();
      if (event.type === 'end') reason = event.finishReason;
    }
    expect(reason).toBe('aborted');
    expect(tokensOf(seen.join(''))).toEqual(tokens.slice(0, 4));
    const next = await answerOf(inference, requestOf(messages, description));
    expect(tokensOf(next.text)).toEqual(tokens);
  });

  it('before anything is read when aborted before', async () => {
    const end = await answerOf(inference, requestOf(messages, description), AbortSignal.abort());
    expect(end).toMatchObject({ finishReason: 'aborted', text: '' });
    expect(end.usage.answerTokens).toBe(0);
  });

  it('with what there is when the deadline passes', async () => {
    const end = await answerOf(
      inference,
      requestOf(several.messages, description, { deadlineMs: 0.5 }),
    );
    expect(end.finishReason).toBe('deadline');
  });
});

describe('sampling', () => {
  const { messages } = caseOf('no picture');
  const sampled = (seed: number) =>
    answerOf(
      inference,
      requestOf(messages, description, { doSample: true, temperature: 3, maxNewTokens: 24, seed }),
    );

  it('gives the same answer for the same seed and others for others', async () => {
    const answers = [];
    for (const seed of [7, 7, 8, 9]) answers.push((await sampled(seed)).text);
    expect(answers[0]).toBe(answers[1]);
    expect(new Set(answers).size).toBe(3);
  });

  it('of the one likeliest token is greedy', async () => {
    const end = await answerOf(
      inference,
      requestOf(messages, description, { doSample: true, topK: 1, seed: 1 }),
    );
    expect(tokensOf(end.text)).toEqual(caseOf('no picture').tokens);
  });
});

describe('what the model saw', () => {
  /** The event that begins an answer. */
  async function promptOf(request: InferenceRequest) {
    const { signal } = new AbortController();
    const [prompt] = await Array.fromAsync(inference.generate(request, signal, anyScope));
    if (prompt?.type !== 'prompt') throw new Error('An answer without a prompt');
    return prompt;
  }

  it('names every picture with its message, size, grid and tokens', async () => {
    const request = requestOf(several.messages, description, { maxNewTokens: 1 });
    const tiles = picturesOf(several.messages, description).map(
      ({ layout }) => layout.tiles.length,
    );
    expect(await promptOf(request)).toMatchObject({
      type: 'prompt',
      promptTokens: several.inputIds.length,
      pictures: [
        { messageIndex: 0, widthPx: 64, heightPx: 128, tiles: tiles[0] },
        { messageIndex: 2, widthPx: 128, heightPx: 32, tiles: 1 * 4 + 1 },
        { messageIndex: 2, widthPx: 33, heightPx: 47 },
      ],
    });
  });

  const border = '<fake_token_around_image>';

  it.each(vectors.grids)(
    'counts the tokens of a picture of $rows x $cols tiles as they stand in the prompt',
    async ({ size, rows, cols, ids }) => {
      const borderId = Tokenizer.load(description.tokenizer).tokenToId(border) ?? -1;
      const expected = ids.lastIndexOf(borderId) - ids.indexOf(borderId) + 1;
      const message: CaseMessage = { role: 'user', content: [{ type: 'image', size }] };
      const prompt = await promptOf(requestOf([message], description, { maxNewTokens: 1 }));
      expect(prompt.pictures).toMatchObject([{ tiles: rows * cols + 1, tokens: expected }]);
    },
  );

  it('counts the tokens of a picture that is not split', async () => {
    const { family } = description;
    if (family.name !== 'idefics3') throw new Error('another family');
    const image = { ...family.config.image, do_image_splitting: false };
    const message: CaseMessage = { role: 'user', content: [{ type: 'image', size: [40, 30] }] };
    const unsplit = { ...description, family: { ...family, config: { ...family.config, image } } };
    const prompt = await promptOf(requestOf([message], unsplit, { maxNewTokens: 1 }));
    expect(prompt.pictures).toMatchObject([{ tiles: 1, tokens: family.config.imageSeqLen + 3 }]);
  });
});
