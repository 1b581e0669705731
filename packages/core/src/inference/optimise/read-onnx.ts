import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import {
  type Attribute,
  elementType,
  type GraphNode,
  type GraphTensor,
  type Initializer,
  type OnnxModel,
  type TensorValue,
} from './onnx-model.js';
import { type ByteSource, bytesSource, packedVarints, rawField, readFields } from './wire.js';

/** Tensors of at most so many values are read when the file is opened. */
const maxSmallValues = 64;

/** Reads the graph of an ONNX file, but not its weights. Throws a RangeError when the file is no such model. */
export function readOnnxFile(path: string): OnnxModel {
  const file = openSync(path, 'r');
  try {
    return readModel(fileSource(file));
  } finally {
    closeSync(file);
  }
}

/** Reads through a window, since most fields are small and stand one after the other. */
function fileSource(file: number): ByteSource {
  const windowBytes = 2 ** 18;
  let window: Uint8Array = new Uint8Array();
  let windowStart = 0;
  const { size } = fstatSync(file);
  const read = (start: number, length: number): Uint8Array => {
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const count = readSync(file, bytes, done, length - done, start + done);
      if (count === 0) throw new RangeError('The file is cut off.');
      done += count;
    }
    return bytes;
  };
  return {
    length: size,
    slice: (start, end) => {
      if (end - start > windowBytes) return read(start, end - start);
      if (start < windowStart || end > windowStart + window.length) {
        windowStart = start;
        window = read(start, Math.min(windowBytes, size - start));
      }
      return window.slice(start - windowStart, end - windowStart);
    },
  };
}

function readModel(source: ByteSource): OnnxModel {
  const header: Uint8Array[] = [];
  const domains = new Map<string, number>();
  let graph: { start: number; end: number } | undefined;
  for (const field of readFields(source)) {
    if (field.type === 'bytes' && field.number === 7) graph = field;
    else header.push(rawField(source, field));
    if (field.type === 'bytes' && field.number === 8) domains.set(...importOf(source, field));
  }
  if (graph === undefined) throw new RangeError('The file holds no graph.');
  const model: Mutable = { nodes: [], initializers: [], inputs: [], outputs: [] };
  for (const field of readFields(source, graph.start, graph.end)) {
    if (field.type !== 'bytes') continue;
    const { number, start, end } = field;
    if (number === 1) model.nodes.push(readNode(source.slice(start, end)));
    if (number === 5) model.initializers.push(readInitializer(source, field));
    if (number === 11) model.inputs.push(readTensor(source.slice(start, end)));
    if (number === 12) model.outputs.push(readTensor(source.slice(start, end)));
    if (number === 15) throw new RangeError('Sparse weights are not known.');
  }
  return { header, domains, ...model };
}

interface Mutable {
  nodes: GraphNode[];
  initializers: Initializer[];
  inputs: GraphTensor[];
  outputs: GraphTensor[];
}

const decoder = new TextDecoder();

function textOf(source: ByteSource, { start, end }: { start: number; end: number }): string {
  return decoder.decode(source.slice(start, end));
}

function importOf(
  source: ByteSource,
  { start, end }: { start: number; end: number },
): [string, number] {
  let domain = '';
  let version = 0;
  for (const field of readFields(source, start, end)) {
    if (field.type === 'bytes' && field.number === 1) domain = textOf(source, field);
    if (field.type === 'varint' && field.number === 2) version = Number(field.value);
  }
  return [domain === 'ai.onnx' ? '' : domain, version];
}

function readTensor(raw: Uint8Array): GraphTensor {
  const source = bytesSource(raw);
  for (const field of readFields(source)) {
    if (field.type === 'bytes' && field.number === 1) return { name: textOf(source, field), raw };
  }
  return { name: '', raw };
}

function readNode(raw: Uint8Array): GraphNode {
  const source = bytesSource(raw);
  const inputs: string[] = [];
  const outputs: string[] = [];
  const captured: string[] = [];
  const attributes: Record<string, Attribute> = {};
  let [name, opType, domain] = ['', '', ''];
  for (const field of readFields(source)) {
    if (field.type !== 'bytes') continue;
    if (field.number === 1) inputs.push(textOf(source, field));
    if (field.number === 2) outputs.push(textOf(source, field));
    if (field.number === 3) name = textOf(source, field);
    if (field.number === 4) opType = textOf(source, field);
    if (field.number === 7) domain = textOf(source, field);
    if (field.number === 5) {
      const found = readAttribute(source.slice(field.start, field.end));
      attributes[found.name] = found.value;
      captured.push(...found.captured);
    }
  }
  return { name, opType, domain, inputs, outputs, attributes, captured, raw };
}

function readAttribute(raw: Uint8Array): { name: string; value: Attribute; captured: string[] } {
  const source = bytesSource(raw);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  let name = '';
  let value: Attribute = 'other';
  const numbers: number[] = [];
  const captured: string[] = [];
  for (const field of readFields(source)) {
    const { number } = field;
    if (field.type === 'varint') {
      if (number === 3) value = Number(BigInt.asIntN(64, field.value));
      if (number === 8) numbers.push(Number(BigInt.asIntN(64, field.value)));
    } else if (field.type === 'fixed32') {
      if (number === 2) value = view.getFloat32(field.start, true);
    } else if (field.type === 'bytes') {
      if (number === 1) name = textOf(source, field);
      if (number === 4) value = textOf(source, field);
      if (number === 5) value = readSmallTensor(source, field) ?? 'other';
      if (number === 6 || number === 11)
        captured.push(...innerNames(source.slice(field.start, field.end)));
      if (number === 8) numbers.push(...packedVarints(source, field));
    }
  }
  return { name, value: numbers.length > 0 ? numbers : value, captured };
}

/** All names that the nodes of an inner graph read. */
function innerNames(raw: Uint8Array): string[] {
  const source = bytesSource(raw);
  const names: string[] = [];
  for (const field of readFields(source)) {
    if (field.type !== 'bytes') continue;
    if (field.number === 1) {
      const node = readNode(source.slice(field.start, field.end));
      names.push(...node.inputs, ...node.captured);
    }
    // What an inner graph gives may be a value of the outer one.
    if (field.number === 12) names.push(readTensor(source.slice(field.start, field.end)).name);
  }
  return names;
}

function readInitializer(source: ByteSource, at: { start: number; end: number }): Initializer {
  const raw: Uint8Array[] = [];
  let name = '';
  let type = 0;
  let place: { start: number; end: number } | undefined;
  const dims: number[] = [];
  for (const field of readFields(source, at.start, at.end)) {
    if (field.type === 'bytes' && field.number === 9) {
      place = { start: field.start, end: field.end };
      continue;
    }
    if (field.type === 'varint' && field.number === 1) dims.push(Number(field.value));
    if (field.type === 'bytes' && field.number === 1) dims.push(...packedVarints(source, field));
    if (field.type === 'varint' && field.number === 2) type = Number(field.value);
    if (field.type === 'bytes' && field.number === 8) name = textOf(source, field);
    raw.push(rawField(source, field));
  }
  return { name, elementType: type, dims, place, raw, value: readSmallTensor(source, at) };
}

/** The values of a tensor of few floats or integers; undefined for others. */
function readSmallTensor(
  source: ByteSource,
  at: { start: number; end: number },
): TensorValue | undefined {
  const dims: number[] = [];
  const values: number[] = [];
  let type = 0;
  let data: { start: number; end: number } | undefined;
  for (const field of readFields(source, at.start, at.end)) {
    if (field.type === 'varint') {
      if (field.number === 1) dims.push(Number(field.value));
      if (field.number === 2) type = Number(field.value);
      if (field.number === 7) values.push(Number(BigInt.asIntN(64, field.value)));
    } else if (field.type === 'bytes') {
      if (field.number === 1) dims.push(...packedVarints(source, field));
      if (field.number === 9) data = field;
      if (field.end - field.start > maxSmallValues * 8) continue;
      if (field.number === 7) values.push(...packedVarints(source, field));
      if (field.number === 4)
        values.push(...numbersOf(source.slice(field.start, field.end), elementType.float));
    }
  }
  if (dims.reduce((size, length) => size * length, 1) > maxSmallValues) return undefined;
  if (data !== undefined) values.push(...numbersOf(source.slice(data.start, data.end), type));
  return { elementType: type, dims, values };
}

function numbersOf(bytes: Uint8Array, type: number): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const each = (size: number, read: (at: number) => number) =>
    Array.from({ length: Math.floor(bytes.length / size) }, (_, i) => read(i * size));
  if (type === elementType.float) return each(4, (at) => view.getFloat32(at, true));
  if (type === elementType.int32) return each(4, (at) => view.getInt32(at, true));
  if (type === elementType.int64) return each(8, (at) => Number(view.getBigInt64(at, true)));
  return [];
}
