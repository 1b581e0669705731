import { Tensor } from 'onnxruntime-node';
import { VistazoError } from '../../errors.js';

/** Kinds of floating-point tensors that models use. */
export type FloatType = 'float32' | 'float16';

/** `type` as a floating-point kind. Throws `model.invalidGraph`. */
export function floatType(type: string, name: string): FloatType {
  if (type === 'float32' || type === 'float16') return type;
  throw new VistazoError(
    'model.invalidGraph',
    `The tensor ${name} is ${type}, but float32 or float16 is needed.`,
  );
}

/** An int64 tensor of whole numbers. */
export function int64Tensor(values: ArrayLike<number>, shape: readonly number[]): Tensor {
  return new Tensor(
    'int64',
    BigInt64Array.from({ length: values.length }, (_, i) => BigInt(values[i] ?? 0)),
    shape,
  );
}

/** A tensor of `values` in the wanted kind. */
export function floatTensor(
  type: FloatType,
  values: Float32Array,
  shape: readonly number[],
): Tensor {
  return type === 'float32'
    ? new Tensor('float32', values, shape)
    : halfTensor(Uint16Array.from(values, toHalf), shape);
}

/**
 * A float16 tensor of raw bits. Where the runtime has `Float16Array`, ONNX Runtime's JavaScript wraps the bits
 * in one, which its native side then takes for an empty array; so the tensor shows the bits themselves.
 */
export function halfTensor(bits: Uint16Array, shape: readonly number[]): Tensor {
  const tensor = new Tensor('float16', bits, shape);
  return Object.defineProperty(tensor, 'data', { value: bits });
}

/** An output tensor in the form in which it can be an input again. */
export function asInput(output: Tensor): Tensor {
  return output.type === 'float16' ? halfTensor(bitsOf(output), output.dims) : output;
}

/** The raw bits of a float16 tensor. */
export function bitsOf({ data, type }: Tensor): Uint16Array {
  if (type === 'float16' && ArrayBuffer.isView(data)) {
    return new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
  }
  throw notFloating(type);
}

function notFloating(type: string): VistazoError {
  return new VistazoError(
    'model.invalidGraph',
    `A tensor is ${type}, but float32 or float16 is needed.`,
  );
}

/** A tensor of zeros; `shape` may hold a zero. */
export function zerosTensor(type: FloatType, shape: readonly number[]): Tensor {
  return floatTensor(
    type,
    new Float32Array(shape.reduce((size, length) => size * length, 1)),
    shape,
  );
}

/** The values of a floating-point tensor as 32-bit ones; not copied where they already are. */
export function toFloat32(tensor: Tensor): Float32Array {
  if (tensor.data instanceof Float32Array) return tensor.data;
  return Float32Array.from(bitsOf(tensor), fromHalf);
}

const scratchFloat = new Float32Array(1);
const scratchBits = new Uint32Array(scratchFloat.buffer);

/** IEEE 754 half of a number, rounded to nearest, ties to even. */
function toHalf(value: number): number {
  scratchFloat[0] = value;
  const bits = scratchBits[0] as number;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x7f800000) return sign | (magnitude > 0x7f800000 ? 0x7e00 : 0x7c00);
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) return sign | roundedEven(Math.abs(value) * 2 ** 24);
  return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
}

function roundedEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

function fromHalf(half: number): number {
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  const sign = half & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
