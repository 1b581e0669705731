import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Attribute, GraphNode, Initializer, OnnxModel } from './onnx-model.js';
import { bytesField, floatField, varintField } from './wire.js';

/** Initializers of at least so many bytes stay where they lie. */
const minExternalBytes = 1024;

/** Gives the bytes of a small tensor that begins there. */
type ReadSmall = (start: number) => Uint8Array;

/**
 * Writes a model that was read from the file `from` and changed. Large weights are not copied: they stay
 * in that file, which must lie in the same folder. Throws what the file system throws.
 */
export async function writeOnnxFile(model: OnnxModel, from: string, to: string): Promise<void> {
  const small = await readSmallTensors(model, from);
  const read: ReadSmall = (start) => small.get(start) ?? new Uint8Array();
  await pipeline(modelFields(model, basename(from), read), createWriteStream(to));
}

/** Bytes of the tensors that are written into the graph, by where they begin. */
async function readSmallTensors(model: OnnxModel, from: string): Promise<Map<number, Uint8Array>> {
  const small = new Map<number, Uint8Array>();
  const file = await open(from, 'r');
  try {
    for (const { place } of model.initializers) {
      if (place === undefined || place.end - place.start >= minExternalBytes) continue;
      const bytes = new Uint8Array(place.end - place.start);
      await file.read(bytes, 0, bytes.length, place.start);
      small.set(place.start, bytes);
    }
  } finally {
    await file.close();
  }
  return small;
}

function modelFields(model: OnnxModel, weightsFile: string, read: ReadSmall): Uint8Array[] {
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
  read: ReadSmall,
): Uint8Array[] {
  if (place === undefined) return [...raw];
  const { start, end } = place;
  if (end - start < minExternalBytes) return [...raw, bytesField(9, read(start))];
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
