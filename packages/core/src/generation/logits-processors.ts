import type { ResolvedGenerationOptions } from './resolve-options.js';

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
 * Each keeps at least one token.
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
  const kept = sortedTokens(logits, topK);
  let probabilities = softmax(kept.map((token) => (logits[token] as number) / temperature));
  const nucleus = topP < 1 ? nucleusSize(probabilities, topP) : kept.length;
  probabilities = normalised(probabilities.slice(0, nucleus));
  const floor = minP * (probabilities[0] ?? 0);
  const likely = Math.max(1, probabilities.filter((each) => each >= floor).length);
  return {
    tokens: kept.slice(0, likely),
    probabilities: normalised(probabilities.slice(0, likely)),
  };
}

/** Tokens by falling logit; with top-k also those that tie with the k-th, as in transformers. */
function sortedTokens(logits: Float32Array, topK: number): number[] {
  const threshold =
    topK > 0 && topK < logits.length
      ? (logits.toSorted()[logits.length - topK] as number)
      : Number.NEGATIVE_INFINITY;
  const tokens: number[] = [];
  for (let token = 0; token < logits.length; token += 1) {
    if ((logits[token] as number) >= threshold) tokens.push(token);
  }
  return tokens.sort((a, b) => (logits[b] as number) - (logits[a] as number) || a - b);
}

function softmax(values: readonly number[]): number[] {
  const max = values[0] ?? 0;
  return normalised(values.map((value) => Math.exp(value - max)));
}

function normalised(weights: readonly number[]): number[] {
  const sum = weights.reduce((total, each) => total + each, 0);
  return weights.map((each) => each / sum);
}

function nucleusSize(probabilities: readonly number[], topP: number): number {
  let sum = 0;
  const last = probabilities.findIndex((each) => {
    sum += each;
    return sum >= topP;
  });
  return last === -1 ? probabilities.length : last + 1;
}
