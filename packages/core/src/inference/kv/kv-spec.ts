import type { FloatType } from '../onnx/tensor.js';

/** The keys and values of a decoder: how many there are of each token. */
export interface KvSpec {
  type: FloatType;
  layers: number;
  kvHeads: number;
  headDim: number;
}

/** Floats of keys or values; halves are raw bits. */
export type KvArray = Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;

/** Keys and values of one layer, each `[rows, kvHeads, places, headDim]`. */
export interface KvLayer {
  key: KvArray;
  value: KvArray;
}

/** Bytes that one token takes in all layers. */
export function bytesPerToken({ type, layers, kvHeads, headDim }: KvSpec): number {
  return layers * 2 * kvHeads * headDim * (type === 'float32' ? 4 : 2);
}

/** `length` zeros of the kind that the cache holds. */
export function kvArray({ type }: KvSpec, length: number): KvArray {
  return type === 'float32' ? new Float32Array(length) : new Uint16Array(length);
}

/**
 * Keys and values of some tokens that stand one after the other. For each layer first the keys,
 * then the values, each `[kvHeads, tokens, headDim]`.
 */
export interface KvBlock {
  tokens: number;
  data: KvArray;
}

/** An empty block with room for `tokens`. */
export function emptyBlock(spec: KvSpec, tokens: number): KvBlock {
  const { layers, kvHeads, headDim } = spec;
  return { tokens, data: kvArray(spec, layers * 2 * kvHeads * tokens * headDim) };
}

/** Copies `tokens` of one head, `headDim` values each. */
export function copyHead(
  from: KvArray,
  fromIndex: number,
  to: KvArray,
  toIndex: number,
  length: number,
): void {
  to.set(from.subarray(fromIndex, fromIndex + length), toIndex);
}
