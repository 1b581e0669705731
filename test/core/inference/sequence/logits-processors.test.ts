import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../../../packages/core/src/generation/resolve-options.ts';
import {
  argmax,
  candidatesOf,
  penaliseRepetition,
} from '../../../../packages/core/src/inference/sequence/logits-processors.ts';
import { createSampler } from '../../../../packages/core/src/inference/sequence/sampler.ts';

interface Vectors {
  transformers: string;
  /** Every so manieth token was in the prompt. */
  seenEvery: number;
  /** Logits; null is minus infinity. */
  rows: Record<string, (number | null)[]>;
  cases: {
    row: string;
    options: {
      temperature?: number;
      top_k?: number;
      top_p?: number;
      min_p?: number;
      repetition_penalty?: number;
    };
    tokens: number[];
    probabilities: number[];
  }[];
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../../reference/generation/processors.json', import.meta.url), 'utf8'),
);

function logitsOf(row: string): Float32Array {
  return Float32Array.from(vectors.rows[row] ?? [], (logit) => logit ?? Number.NEGATIVE_INFINITY);
}

function seenOf({ length }: Float32Array): number[] {
  return Array.from({ length }, (_, token) => token).filter(
    (token) => token % vectors.seenEvery === 0,
  );
}

const optionsOf = (options: Vectors['cases'][number]['options']) =>
  resolveOptions({ doSample: true, seed: 1 }, options);

describe(`the tokens left and their probabilities are those of transformers ${vectors.transformers}`, () => {
  it.each(vectors.cases.map((each) => ({ name: JSON.stringify(each.options), ...each })))(
    '$row, $name',
    ({ row, options, tokens, probabilities }) => {
      const logits = logitsOf(row);
      const resolved = optionsOf(options);
      penaliseRepetition(logits, new Set(seenOf(logits)), resolved.repetitionPenalty);
      const candidates = candidatesOf(logits, resolved);
      const ours = new Map(
        candidates.tokens.map((token, index) => [token, candidates.probabilities[index] ?? -1]),
      );
      expect([...ours.keys()].sort((a, b) => a - b)).toEqual(tokens);
      const furthest = tokens.map((token, index) =>
        Math.abs((ours.get(token) ?? -1) - (probabilities[index] ?? -1)),
      );
      expect(Math.max(...furthest)).toBeLessThan(1e-6);
    },
  );
});

describe('candidates', () => {
  const logits = fc
    .array(
      fc.oneof(fc.float({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: -3, max: 3 })),
      {
        minLength: 1,
        maxLength: 700,
      },
    )
    .map((values) => Float32Array.from(values, (value) => Math.max(-1e30, Math.min(1e30, value))));
  const options = fc.record({
    temperature: fc.double({ min: 0.05, max: 20, noNaN: true }),
    topK: fc.nat({ max: 800 }),
    topP: fc.double({ min: 0.01, max: 1, noNaN: true }),
    minP: fc.double({ min: 0, max: 1, noNaN: true }),
  });

  it('are what sorting all tokens and walking down them leaves', () => {
    fc.assert(
      fc.property(logits, options, (row, asked) => {
        expect(candidatesOf(row, asked).tokens).toEqual(byWholeSort(row, asked));
      }),
    );
  });

  it('come likeliest first, with probabilities that add up to 1', () => {
    fc.assert(
      fc.property(logits, options, (row, asked) => {
        const { tokens, probabilities } = candidatesOf(row, asked);
        expect(tokens[0]).toBe(argmax(row));
        expect(probabilities).toEqual(probabilities.toSorted((a, b) => b - a));
        expect(probabilities.reduce((sum, each) => sum + each)).toBeCloseTo(1, 9);
      }),
    );
  });
});

/** The definition in plain steps, as slow as it may be. */
function byWholeSort(
  logits: Float32Array,
  {
    temperature,
    topK,
    topP,
    minP,
  }: { temperature: number; topK: number; topP: number; minP: number },
): number[] {
  const logitOf = (token: number) => logits[token] ?? Number.NaN;
  const sorted = Array.from(logits.keys()).sort((a, b) => logitOf(b) - logitOf(a) || a - b);
  const last = topK > 0 ? logitOf(sorted[Math.min(topK, sorted.length) - 1] ?? 0) : -Infinity;
  const kept = sorted.filter((token) => logitOf(token) >= last);
  const weights = kept.map((token) =>
    Math.exp((logitOf(token) - logitOf(kept[0] ?? 0)) / temperature),
  );
  // Summed in the order of tokens where all are kept, so that borders fall alike.
  const inOrder = topK > 0 && topK < logits.length ? kept : kept.toSorted((a, b) => a - b);
  const weightOf = new Map(kept.map((token, index) => [token, weights[index] ?? 0]));
  const aim = topP * inOrder.reduce((sum, token) => sum + (weightOf.get(token) ?? 0), 0);
  const left: number[] = [];
  let sum = 0;
  for (const [index, token] of kept.entries()) {
    const weight = weights[index] ?? 0;
    const isBelow = weight < minP || weight === 0;
    if (index > 0 && (isBelow || (topP < 1 && sum >= aim))) break;
    left.push(token);
    sum += weight;
  }
  return left;
}

describe('the likeliest token', () => {
  it('is the first of equals', () => {
    expect(argmax(Float32Array.of(-1, 4, 4, 3))).toBe(1);
  });

  it('is found where all others are masked', () => {
    expect(argmax(Float32Array.of(-Infinity, -Infinity, -1e30))).toBe(2);
  });
});

describe('the sampler', () => {
  const draws = 20_000;

  function shares(row: string, seed: number): Map<number, number> {
    const sample = createSampler({ ...optionsOf({ temperature: 1.5, top_k: 6 }), seed }, []);
    const counts = new Map<number, number>();
    for (let draw = 0; draw < draws; draw += 1) {
      const token = sample(logitsOf(row), 1);
      counts.set(token, (counts.get(token) ?? 0) + 1);
    }
    return counts;
  }

  it.each([1, 2, 0xffffffff])('draws tokens as often as they are likely, seed %d', (seed) => {
    const { tokens, probabilities } = candidatesOf(
      logitsOf('scattered'),
      optionsOf({ temperature: 1.5, top_k: 6 }),
    );
    const counts = shares('scattered', seed);
    expect([...counts.keys()].every((token) => tokens.includes(token))).toBe(true);
    const chiSquare = tokens.reduce((sum, token, index) => {
      const expected = draws * (probabilities[index] ?? 0);
      return sum + ((counts.get(token) ?? 0) - expected) ** 2 / expected;
    }, 0);
    // The 0.1 % point of chi-square with five degrees of freedom; the draws are fixed by the seed.
    expect(chiSquare).toBeLessThan(20.5);
  });

  it('penalises the tokens of the prompt and those it picked', () => {
    const greedy = createSampler(resolveOptions({ repetitionPenalty: 10 }, {}), [2]);
    const picked = [0, 1, 2, 3].map(() => greedy(Float32Array.of(1, 4, 5, 3, -0.05), 1));
    expect(picked).toEqual([1, 3, 0, 2]);
  });

  it('never draws a masked token', () => {
    const sample = createSampler(optionsOf({ temperature: 50 }), []);
    const masked = Float32Array.of(-Infinity, 0, -Infinity, 1);
    const drawn = new Set(Array.from({ length: 500 }, () => sample(masked.slice(), 1)));
    expect([...drawn].sort()).toEqual([1, 3]);
  });
});
