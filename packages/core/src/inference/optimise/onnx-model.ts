import { bytesField, bytesSource, concat, rawField, readFields, varintField } from './wire.js';

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
