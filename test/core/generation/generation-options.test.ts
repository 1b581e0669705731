import { describe, expect, it } from 'vitest';
import {
  parseGenerationOptions,
  resolveOptions,
} from '../../../packages/core/src/generation/resolve-options.ts';

describe('generation options', () => {
  it('that are not known are named, with those that are', () => {
    expect(() => parseGenerationOptions({ maxNewTokens: 3, topA: 0.1, beams: 2 })).toThrow(
      expect.objectContaining({
        code: 'option.invalid',
        message: expect.stringMatching(
          /^There is no generation option topA, beams; known are doSample, temperature, .*deadlineMs\.$/,
        ),
      }),
    );
  });

  it.each([
    ['temperature', 0],
    ['temperature', Number.POSITIVE_INFINITY],
    ['topK', -1],
    ['topK', 1.5],
    ['topP', 0],
    ['topP', 1.01],
    ['minP', -0.1],
    ['minP', 2],
    ['repetitionPenalty', 0],
    ['repetitionPenalty', '1.1'],
    ['stopStrings', ['']],
    ['stopStrings', 'END'],
    ['maxNewTokens', 0],
    ['seed', -1],
    ['seed', 2 ** 32],
    ['deadlineMs', 0],
    ['doSample', 'yes'],
  ])('%s of %j is refused by its name', (name, value) => {
    expect(() => parseGenerationOptions({ [name]: value })).toThrow(
      expect.objectContaining({
        code: 'option.invalid',
        message: expect.stringContaining(`The generation option ${name}`),
      }),
    );
  });

  it.each([null, 'greedy', [1]])('%j are refused', (options) => {
    expect(() => parseGenerationOptions(options)).toThrow(
      expect.objectContaining({ code: 'option.invalid' }),
    );
  });
});

describe('defaults', () => {
  it('are greedy and without limits but 256 new tokens', () => {
    expect(resolveOptions({}, {})).toMatchObject({
      doSample: false,
      temperature: 1,
      topK: 0,
      topP: 1,
      minP: 0,
      repetitionPenalty: 1,
      stopStrings: [],
      maxNewTokens: 256,
      deadlineMs: Number.POSITIVE_INFINITY,
    });
  });

  const model = {
    do_sample: true,
    temperature: 0.6,
    top_k: 40,
    repetition_penalty: 1.2,
    max_new_tokens: 9,
  };

  it('are those of the model where it has any', () => {
    expect(resolveOptions({}, model)).toMatchObject({
      doSample: true,
      temperature: 0.6,
      topK: 40,
      topP: 1,
      repetitionPenalty: 1.2,
      maxNewTokens: 9,
    });
  });

  it('give way to what is asked', () => {
    const asked = { doSample: false, temperature: 2, topK: 0, maxNewTokens: 5 };
    expect(resolveOptions(asked, model)).toMatchObject(asked);
  });

  it('sample when an option of sampling is asked', () => {
    expect(resolveOptions({ topP: 0.9 }, {})).toMatchObject({ doSample: true });
  });

  it('draw another seed each time', () => {
    const seeds = Array.from({ length: 5 }, () => resolveOptions({}, {}).seed);
    expect(new Set(seeds).size).toBeGreaterThan(1);
    expect(seeds.every((seed) => Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32)).toBe(true);
  });
});
