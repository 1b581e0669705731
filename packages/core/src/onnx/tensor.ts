import { Tensor } from 'onnxruntime-node';
import { VistazoError } from '../errors.js';

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
    : new Tensor('float16', Uint16Array.from(values, toHalf), shape);
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
export function toFloat32({ data, type }: Tensor): Float32Array {
  if (data instanceof Float32Array) return data;
  if (data instanceof Uint16Array) return Float32Array.from(data, fromHalf);
  if (ArrayBuffer.isView(data) && data.constructor.name === 'Float16Array') {
    return Float32Array.from(
      new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2),
      fromHalf,
    );
  }
  throw new VistazoError(
    'model.invalidGraph',
    `A tensor is ${type}, but float32 or float16 is needed.`,
  );
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
