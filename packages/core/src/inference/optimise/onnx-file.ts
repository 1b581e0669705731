import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import {
  type ByteSource,
  bytesField,
  bytesSource,
  concat,
  floatField,
  readFields,
  varintField,
  type WireField,
} from './wire.js';

/**
 * ONNX models as far as a rewrite of their graphs needs them. What is not looked at is kept as it
 * stands. Source of the field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */

/** The kinds of elements that are made here, by their numbers in ONNX. */
export const elementType = { float: 1, int32: 6, int64: 7 } as const;

/** An attribute of a node, as far as its kind is known. */
export type Attribute =
  | number
  | string
  | readonly number[]
  | TensorValue
  | FloatAttribute
  | 'other';

/** A float to write, also where its value is whole. */
export interface FloatAttribute {
  float: number;
}

/** A small tensor that stands in the graph. */
export interface TensorValue {
  elementType: number;
  dims: readonly number[];
  values: readonly number[];
}

/** An operation of a graph. */
export interface GraphNode {
  name: string;
  opType: string;
  domain: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: Readonly<Record<string, Attribute>>;
  /** Values of the graph that its inner graphs read. */
  captured: readonly string[];
  /** As it stands in the file; undefined for a new node. */
  raw: Uint8Array | undefined;
}

/** Weights of a graph. */
export interface Initializer {
  name: string;
  elementType: number;
  dims: readonly number[];
  /** Where its raw values lie in the file; undefined where they lie elsewhere. */
  place: { start: number; end: number } | undefined;
  /** Its fields in the file but for the raw values. */
  raw: readonly Uint8Array[];
  /** Its values, where they are few numbers. */
  value: TensorValue | undefined;
}

/** A tensor that a graph takes or gives. */
export interface GraphTensor {
  name: string;
  raw: Uint8Array;
}

/** A model whose weights may still lie in its file. */
export interface OnnxModel {
  /** Fields beside the graph, as they stand in the file. */
  header: readonly Uint8Array[];
  /** The versions of the operators that the model imports, by domain. */
  domains: ReadonlyMap<string, number>;
  nodes: readonly GraphNode[];
  initializers: readonly Initializer[];
  inputs: readonly GraphTensor[];
  outputs: readonly GraphTensor[];
}

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

function rawField(source: ByteSource, field: WireField): Uint8Array {
  if (field.type === 'varint') return varintField(field.number, field.value);
  const bytes = source.slice(field.start, field.end);
  if (field.type === 'bytes') return bytesField(field.number, bytes);
  const tag = (field.number << 3) | (field.type === 'fixed32' ? 5 : 1);
  return Uint8Array.from([...tagBytes(tag), ...bytes]);
}

function tagBytes(tag: number): number[] {
  return tag < 0x80 ? [tag] : [(tag & 0x7f) | 0x80, tag >>> 7];
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

function* packedVarints(
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

/** The domain and attributes of a new node; plain numbers are integers. */
export type NewAttributes = { domain?: string } & {
  [name: string]: number | readonly number[] | FloatAttribute | string | undefined;
};

/** A new node. */
export function newNode(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  { domain = '', ...given }: NewAttributes = {},
): GraphNode {
  const attributes: Record<string, Attribute> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined) attributes[name] = value;
  }
  return {
    name: outputs[0] ?? opType,
    opType,
    domain,
    inputs,
    outputs,
    attributes,
    captured: [],
    raw: undefined,
  };
}

/** The header field that imports the operators of a domain. */
export function opsetImport(domain: string, version: number): Uint8Array {
  return bytesField(8, [bytesField(1, domain), varintField(2, version)]);
}

/** The node with another value for one of its inputs. */
export function withInput(node: GraphNode, at: number, name: string): GraphNode {
  const inputs = node.inputs.with(at, name);
  if (node.raw === undefined) return { ...node, inputs };
  const source = bytesSource(node.raw);
  const others = [...readFields(source)].filter(({ number }) => number !== 1);
  const raw = concat([
    ...inputs.map((each) => bytesField(1, each)),
    ...others.map((field) => rawField(source, field)),
  ]);
  return { ...node, inputs, raw };
}

/** A new small tensor of 64-bit integers. */
export function newInt64(
  name: string,
  values: readonly number[],
  dims = [values.length],
): Initializer {
  const bytes = new Uint8Array(8 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) view.setBigInt64(index * 8, BigInt(value), true);
  return {
    name,
    elementType: elementType.int64,
    dims,
    place: undefined,
    raw: [
      ...dims.map((length) => varintField(1, length)),
      varintField(2, elementType.int64),
      bytesField(8, name),
      bytesField(9, bytes),
    ],
    value: { elementType: elementType.int64, dims, values },
  };
}

/** A tensor that a graph takes or gives; names stand for free sizes. */
export function newTensor(
  name: string,
  type: number,
  shape: readonly (number | string)[],
): GraphTensor {
  const dims = shape.map((size) =>
    bytesField(1, [typeof size === 'number' ? varintField(1, size) : bytesField(2, size)]),
  );
  const tensorType = bytesField(1, [varintField(1, type), bytesField(2, dims)]);
  return {
    name,
    raw: concat([bytesField(1, name), bytesField(2, [tensorType])]),
  };
}

/** Initializers of at least so many bytes stay where they lie. */
const minExternalBytes = 1024;

/**
 * The bytes of a model whose large weights lie in the file `weightsFile` beside it, where they lay
 * when it was read. `read` gives the bytes of a small tensor.
 */
export function writeModel(
  model: OnnxModel,
  weightsFile: string,
  read: (start: number, end: number) => Uint8Array,
): Uint8Array[] {
  const graph = [
    ...model.nodes.map((node) => bytesField(1, node.raw ?? nodeFields(node))),
    bytesField(2, 'graph'),
    ...model.initializers.map((each) => bytesField(5, initializerFields(each, weightsFile, read))),
    ...model.inputs.map(({ raw }) => bytesField(11, raw)),
    ...model.outputs.map(({ raw }) => bytesField(12, raw)),
  ];
  return [...model.header, bytesField(7, graph)];
}

function initializerFields(
  { place, raw }: Initializer,
  weightsFile: string,
  read: (start: number, end: number) => Uint8Array,
): Uint8Array[] {
  if (place === undefined) return [...raw];
  const { start, end } = place;
  if (end - start < minExternalBytes) return [...raw, bytesField(9, read(start, end))];
  const entry = (key: string, value: string) =>
    bytesField(13, [bytesField(1, key), bytesField(2, value)]);
  return [
    ...raw,
    entry('location', weightsFile),
    entry('offset', String(start)),
    entry('length', String(end - start)),
    varintField(14, 1),
  ];
}

function nodeFields({
  inputs,
  outputs,
  name,
  opType,
  domain,
  attributes,
}: GraphNode): Uint8Array[] {
  return [
    ...inputs.map((each) => bytesField(1, each)),
    ...outputs.map((each) => bytesField(2, each)),
    bytesField(3, name),
    bytesField(4, opType),
    ...Object.entries(attributes).map(([key, value]) => bytesField(5, attributeFields(key, value))),
    bytesField(7, domain),
  ];
}

/** Numbers are integers, lists are of integers. */
function attributeFields(name: string, value: Attribute): Uint8Array[] {
  if (typeof value === 'number') {
    return [bytesField(1, name), varintField(3, value), varintField(20, 2)];
  }
  if (Array.isArray(value)) {
    return [bytesField(1, name), ...value.map((each) => varintField(8, each)), varintField(20, 7)];
  }
  if (typeof value === 'object' && 'float' in value) {
    return [bytesField(1, name), floatField(2, value.float), varintField(20, 1)];
  }
  throw new TypeError(`The attribute ${name} is neither a number nor a list of integers.`);
}
