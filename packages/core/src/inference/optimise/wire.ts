/**
 * Protocol Buffers as far as ONNX files need them: fields that are told apart by their number and
 * wire type. Source: https://protobuf.dev/programming-guides/encoding/
 */

/** A field of a message: a number, or the place of its bytes. */
export type WireField =
  | { number: number; type: 'varint'; value: bigint }
  | { number: number; type: 'fixed32' | 'fixed64' | 'bytes'; start: number; end: number };

/** Bytes that are read where they lie, such as those of a file. */
export interface ByteSource {
  readonly length: number;
  /** A copy or view of the bytes `start` to `end`. */
  slice(start: number, end: number): Uint8Array;
}

/** Bytes in memory. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return { length: bytes.length, slice: (start, end) => bytes.subarray(start, end) };
}

/** The longest varint, of 64 bits. */
const maxVarintBytes = 10;

/** The fields of the message that lies from `start` to `end`. Throws a RangeError when it is cut off. */
export function* readFields(
  source: ByteSource,
  start = 0,
  end = source.length,
): Generator<WireField> {
  let at = start;
  const varint = (): bigint => {
    const bytes = source.slice(at, Math.min(end, at + maxVarintBytes));
    let value = 0n;
    for (const [index, byte] of bytes.entries()) {
      value |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte >= 0x80) continue;
      at += index + 1;
      return BigInt.asUintN(64, value);
    }
    throw new RangeError(`The varint at byte ${at} has no end.`);
  };
  const skip = (bytes: number): { start: number; end: number } => {
    const place = { start: at, end: at + bytes };
    if (bytes < 0 || place.end > end) throw new RangeError(`The field at byte ${at} is cut off.`);
    at = place.end;
    return place;
  };
  while (at < end) {
    const tag = Number(varint());
    const number = tag >>> 3;
    const wireType = tag & 7;
    if (wireType === 0) yield { number, type: 'varint', value: varint() };
    else if (wireType === 1) yield { number, type: 'fixed64', ...skip(8) };
    else if (wireType === 2) yield { number, type: 'bytes', ...skip(Number(varint())) };
    else if (wireType === 5) yield { number, type: 'fixed32', ...skip(4) };
    else throw new RangeError(`The field at byte ${at} has the unknown wire type ${wireType}.`);
  }
}

/** The numbers of a packed field, signed. */
export function* packedVarints(
  source: ByteSource,
  { start, end }: { start: number; end: number },
): Generator<number> {
  let value = 0n;
  let shift = 0n;
  for (const byte of source.slice(start, end)) {
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte >= 0x80) continue;
    yield Number(BigInt.asIntN(64, value));
    value = 0n;
    shift = 0n;
  }
}

/** A field as it stands. */
export function rawField(source: ByteSource, field: WireField): Uint8Array {
  if (field.type === 'varint') return varintField(field.number, field.value);
  const bytes = source.slice(field.start, field.end);
  if (field.type === 'bytes') return bytesField(field.number, bytes);
  const wireType = field.type === 'fixed32' ? 5 : 1;
  return concat([varintBytes((field.number << 3) | wireType), bytes]);
}

/** A varint field. */
export function varintField(number: number, value: number | bigint): Uint8Array {
  return concat([varintBytes(number << 3), varintBytes(BigInt.asUintN(64, BigInt(value)))]);
}

/** A field of bytes, of text, or of a message that is made of fields. */
export function bytesField(
  number: number,
  value: string | Uint8Array | readonly Uint8Array[],
): Uint8Array {
  const bytes =
    typeof value === 'string'
      ? new TextEncoder().encode(value)
      : value instanceof Uint8Array
        ? value
        : concat(value);
  return concat([varintBytes((number << 3) | 2), varintBytes(bytes.length), bytes]);
}

/** A 32-bit float field. */
export function floatField(number: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return concat([varintBytes((number << 3) | 5), bytes]);
}

/** Parts one after the other. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function varintBytes(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt(value);
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
