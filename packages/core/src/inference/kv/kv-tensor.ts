import { Tensor } from 'onnxruntime-node';
import { bitsOf, halfTensor } from '../onnx/tensor.js';
import type { KvArray } from './kv-spec.js';

/** The values of an output tensor, without a copy. */
export function kvData(tensor: Tensor): KvArray {
  const { data } = tensor;
  return data instanceof Float32Array
    ? (data as Float32Array<ArrayBuffer>)
    : (bitsOf(tensor) as Uint16Array<ArrayBuffer>);
}

/** A tensor of `[rows, kvHeads, places, headDim]` over `data`, without a copy. */
export function kvTensor(data: KvArray, shape: readonly number[]): Tensor {
  return data instanceof Float32Array
    ? new Tensor('float32', data, shape)
    : halfTensor(data, shape);
}
