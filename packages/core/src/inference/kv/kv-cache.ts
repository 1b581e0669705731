import { Tensor } from 'onnxruntime-node';
import { bitsOf, halfTensor } from '../onnx/tensor.js';

/** Keys and values of the tokens read so far, one pair a layer, each `[1, kvHeads, tokens, headDim]`. */
export interface KvCache {
  layers: { key: Tensor; value: Tensor }[];
  tokens: number;
}

/** The first `tokens` of a cache, copied, so that both can go on apart. */
export function truncated(cache: KvCache, tokens: number): KvCache {
  if (tokens === cache.tokens) return cache;
  const layers = cache.layers.map(({ key, value }) => ({
    key: firstTokens(key, tokens),
    value: firstTokens(value, tokens),
  }));
  return { layers, tokens };
}

/** Bytes that a cache takes up. */
export function bytesOf(cache: KvCache): number {
  return cache.layers.reduce((sum, { key, value }) => sum + byteLength(key) + byteLength(value), 0);
}

function byteLength({ data }: Tensor): number {
  return ArrayBuffer.isView(data) ? data.byteLength : 0;
}

function firstTokens(tensor: Tensor, tokens: number): Tensor {
  const [batch = 1, heads = 0, length = 0, headDim = 0] = tensor.dims;
  const { data } = tensor;
  const shape = [batch, heads, tokens, headDim];
  if (data instanceof Float32Array) {
    return new Tensor(
      'float32',
      copyRows(
        data,
        new Float32Array(heads * tokens * headDim),
        length * headDim,
        tokens * headDim,
      ),
      shape,
    );
  }
  const bits = new Uint16Array(heads * tokens * headDim);
  return halfTensor(copyRows(bitsOf(tensor), bits, length * headDim, tokens * headDim), shape);
}

function copyRows<T extends Float32Array | Uint16Array>(
  from: T,
  to: T,
  fromStride: number,
  toStride: number,
): T {
  for (let head = 0; head * toStride < to.length; head += 1) {
    to.set(from.subarray(head * fromStride, head * fromStride + toStride), head * toStride);
  }
  return to;
}
