import type { ResolvedGenerationOptions } from '../../generation/resolve-options.js';
import type { Constraint } from './constraint/json-constraint.js';
import { argmax, candidatesOf, penaliseRepetition } from './logits-processors.js';

/** Picks the next token out of those that leave room for `tokensLeft − 1` more; may change `logits`. */
export type Sampler = (logits: Float32Array, tokensLeft: number) => number;

/**
 * A sampler that knows the prompt's tokens and remembers those it picked. The constraint comes after
 * the repetition penalty and before the choice of candidates, as in transformers.
 */
export function createSampler(
  options: ResolvedGenerationOptions,
  promptIds: readonly number[],
  constraint?: Constraint,
): Sampler {
  const seen = new Set(promptIds);
  const random = mulberry32(options.seed);
  const pick = options.doSample
    ? (logits: Float32Array) => sample(logits, options, random())
    : argmax;
  return (logits, tokensLeft) => {
    penaliseRepetition(logits, seen, options.repetitionPenalty);
    constraint?.mask(logits, tokensLeft);
    const token = pick(logits);
    seen.add(token);
    return token;
  };
}

function sample(logits: Float32Array, options: ResolvedGenerationOptions, point: number): number {
  const { tokens, probabilities } = candidatesOf(logits, options);
  let rest = point;
  const index = probabilities.findIndex((probability) => {
    rest -= probability;
    return rest < 0;
  });
  return tokens[index === -1 ? tokens.length - 1 : index] ?? 0;
}

/**
 * Numbers in [0, 1) that depend on the seed alone.
 * Source: mulberry32, https://gist.github.com/tommyettinger/46a874533244883189143505d203312c
 */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
