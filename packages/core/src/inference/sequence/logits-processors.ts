import type { ResolvedGenerationOptions } from '../../generation/resolve-options.js';
import { allTokens, likeliestTokens } from './likeliest-tokens.js';

/**
 * Makes tokens of the prompt and answer less likely: positive logits are divided, negative ones
 * multiplied. Source: transformers `RepetitionPenaltyLogitsProcessor` (CTRL, arXiv:1909.05858).
 */
export function penaliseRepetition(
  logits: Float32Array,
  seen: ReadonlySet<number>,
  penalty: number,
): void {
  if (penalty === 1) return;
  for (const token of seen) {
    const logit = logits[token];
    if (logit !== undefined) logits[token] = logit < 0 ? logit * penalty : logit / penalty;
  }
}

/** Token with the highest logit; the first of equals. */
export function argmax(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i += 1) {
    if ((logits[i] as number) > (logits[best] as number)) best = i;
  }
  return best;
}

/** Tokens that may be sampled, likeliest first, with their probabilities. */
export interface Candidates {
  tokens: number[];
  probabilities: number[];
}

/**
 * Applies temperature, then top-k, top-p and min-p, in the order of transformers.
 * Each keeps at least one token; with top-k also those that tie with the k-th, as in transformers.
 */
export function candidatesOf(
  logits: Float32Array,
  {
    temperature,
    topK,
    topP,
    minP,
  }: Pick<ResolvedGenerationOptions, 'temperature' | 'topK' | 'topP' | 'minP'>,
): Candidates {
  const highest = logits[argmax(logits)] as number;
  const weightOf: WeightOf = (logit) => Math.exp((logit - highest) / temperature);
  const nucleus = nucleusOf(logits, weightOf, { topK, topP });
  const weights = nucleus.map((token) => weightOf(logits[token] as number));
  const dropped = weights.findIndex((weight) => weight < minP || weight === 0);
  const likely = dropped === -1 ? weights.length : Math.max(1, dropped);
  return { tokens: nucleus.slice(0, likely), probabilities: normalised(weights.slice(0, likely)) };
}

/** How likely a logit is, as a share of the highest. */
type WeightOf = (logit: number) => number;

/** Tokens that top-k and top-p keep, likeliest first. */
function nucleusOf(
  logits: Float32Array,
  weightOf: WeightOf,
  { topK, topP }: { topK: number; topP: number },
): number[] {
  const isWhole = topK === 0 || topK >= logits.length;
  if (isWhole && topP < 1) return nucleusOfAll(logits, weightOf, topP);
  const tokens = isWhole ? allTokens(logits) : likeliestTokens(logits, topK);
  if (topP === 1) return tokens;
  const weights = tokens.map((token) => weightOf(logits[token] as number));
  return tokens.slice(0, reachingLength(weights, topP * sumOf(weights)));
}

/** Most nuclei are far smaller than the vocabulary, so that few tokens need an order. */
const firstGuessTokens = 64;

function nucleusOfAll(logits: Float32Array, weightOf: WeightOf, topP: number): number[] {
  const aim = topP * logits.reduce((sum, logit) => sum + weightOf(logit), 0);
  for (let count = firstGuessTokens; ; count *= 8) {
    const tokens = likeliestTokens(logits, count);
    const weights = tokens.map((token) => weightOf(logits[token] as number));
    if (tokens.length === logits.length || sumOf(weights) >= aim) {
      return tokens.slice(0, reachingLength(weights, aim));
    }
  }
}

/** How many of the first weights add up to `aim`; all when none do. */
function reachingLength(weights: readonly number[], aim: number): number {
  let sum = 0;
  const last = weights.findIndex((weight) => {
    sum += weight;
    return sum >= aim;
  });
  return last === -1 ? weights.length : last + 1;
}

function sumOf(weights: readonly number[]): number {
  return weights.reduce((total, each) => total + each, 0);
}

function normalised(weights: readonly number[]): number[] {
  const sum = sumOf(weights);
  return weights.map((each) => each / sum);
}
