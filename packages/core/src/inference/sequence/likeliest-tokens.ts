/**
 * The `count` tokens with the highest logits and those that tie with the last of them, by falling
 * logit, the earlier first among equals. Takes linear time and no sort of the whole vocabulary.
 */
export function likeliestTokens(logits: Float32Array, count: number): number[] {
  if (count >= logits.length) return allTokens(logits);
  const threshold = nthHighest(logits, count);
  const tokens: number[] = [];
  for (let token = 0; token < logits.length; token += 1) {
    if ((logits[token] as number) >= threshold) tokens.push(token);
  }
  return tokens.sort((a, b) => (logits[b] as number) - (logits[a] as number) || a - b);
}

/** All tokens, in the order of {@link likeliestTokens}. */
export function allTokens(logits: Float32Array): number[] {
  // One number for logit and token together: sorting without a comparison function is several times faster.
  const bits = new Uint32Array(logits.slice().buffer);
  const keys = Float64Array.from(bits, (each, token) => rank(each) * maxTokens + token).sort();
  return Array.from(keys, (key) => key % maxTokens);
}

/** More tokens than any vocabulary has; a rank times this is still exact in a double. */
const maxTokens = 2 ** 21;

/** A whole number that falls as the float of these bits rises. */
function rank(bits: number): number {
  // Both zeros are equal logits.
  const float = bits === 0x80000000 ? 0 : bits;
  return (float & 0x80000000 ? float : ~float & 0x7fffffff) >>> 0;
}

/** The value that `count` − 1 others are not below, by Hoare's selection. */
function nthHighest(logits: Float32Array, count: number): number {
  const values = logits.slice();
  const wanted = values.length - count;
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const [left, right] = partition(values, low, high);
    if (wanted <= right) high = right;
    else if (wanted >= left) low = left;
    else break;
  }
  return values[wanted] as number;
}

/** Puts what is below the pivot before what is above it; between the two borders all equal it. */
function partition(values: Float32Array, low: number, high: number): [number, number] {
  const pivot = values[(low + high) >>> 1] as number;
  let left = low;
  let right = high;
  while (left <= right) {
    while ((values[left] as number) < pivot) left += 1;
    while ((values[right] as number) > pivot) right -= 1;
    if (left > right) break;
    const swapped = values[left] as number;
    values[left] = values[right] as number;
    values[right] = swapped;
    left += 1;
    right -= 1;
  }
  return [left, right];
}
