import { Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import {
  floatTensor,
  floatType,
  int64Tensor,
  toFloat32,
  zerosTensor,
} from '../../../../packages/core/src/inference/onnx/tensor.ts';

/** Through 16 bits and back. */
const halved = (...values: number[]) =>
  Array.from(toFloat32(floatTensor('float16', Float32Array.from(values), [values.length])));

describe('16-bit floats', () => {
  it('keep every finite half as it is', () => {
    const halves = Array.from({ length: 0x7c00 }, (_, bits) => {
      const exponent = bits >>> 10;
      const fraction = bits & 0x3ff;
      return exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
    });
    expect(halved(...halves)).toEqual(halves);
    expect(halved(...halves.slice(1).map((each) => -each))).toEqual(
      halves.slice(1).map((each) => -each),
    );
  });

  it.each([
    ['a tie goes to the even half below', 2049, 2048],
    ['a tie goes to the even half above', 2051, 2052],
    ['just above a tie goes up', 2049.001, 2050],
    ['the largest half', 65504, 65504],
    ['below the largest tie', 65519, 65504],
    ['past the largest', 65520, Number.POSITIVE_INFINITY],
    ['minus infinity', Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
    ['half of the smallest, a tie to zero', 2 ** -25, 0],
    ['above half of the smallest', 2 ** -25 * 1.01, 2 ** -24],
    ['the border of the subnormal', 2 ** -14 * (1 - 2 ** -12), 2 ** -14],
  ])('%s', (_, value, rounded) => {
    expect(halved(value)).toEqual([rounded]);
  });

  it('keep that a number is none', () => {
    expect(halved(Number.NaN)).toEqual([Number.NaN]);
  });
});

describe('tensors', () => {
  it('of 32-bit floats are not copied', () => {
    const values = Float32Array.of(1, 2);
    expect(toFloat32(floatTensor('float32', values, [2]))).toBe(values);
  });

  it('of zeros may hold none', () => {
    expect(zerosTensor('float16', [1, 2, 0, 8]).dims).toEqual([1, 2, 0, 8]);
    expect(Array.from(toFloat32(zerosTensor('float32', [3])))).toEqual([0, 0, 0]);
  });

  it('of whole numbers are 64-bit ones', () => {
    expect(int64Tensor([1, -2], [2]).data).toEqual(BigInt64Array.of(1n, -2n));
  });

  it('of another kind are refused by their name', () => {
    expect(() => floatType('bfloat16', 'logits')).toThrow(
      'The tensor logits is bfloat16, but float32 or float16 is needed.',
    );
    expect(() => toFloat32(new Tensor('int32', Int32Array.of(1), [1]))).toThrow(
      'A tensor is int32, but float32 or float16 is needed.',
    );
  });
});
