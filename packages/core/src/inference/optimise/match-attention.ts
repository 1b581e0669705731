import type { GraphIndex } from './graph-index.js';
import type { GraphNode } from './onnx-model.js';

/** The attention of one layer, as exporters write it out of small operators. */
export interface Attention {
  /** Queries, `[batch, heads, tokens, headDim]`. */
  query: string;
  /** New keys and values, `[batch, kvHeads, tokens, headDim]`. */
  key: string;
  value: string;
  /** By how much the product of queries and keys is multiplied. */
  scale: number;
  /** The value that holds what is mixed, `[batch, tokens, heads × headDim]`. */
  mixed: string;
}

/** Operators that change the shape of keys or values and not their numbers. */
const shaping = new Set([
  'Unsqueeze',
  'Squeeze',
  'Expand',
  'Reshape',
  'Transpose',
  'Concat',
  'Tile',
  'Identity',
  'Cast',
]);

/**
 * Finds the attention that reads `past` keys and values. Undefined where the graph does something
 * that is not known: then it cannot be rewritten.
 */
export function matchAttention(
  graph: GraphIndex,
  past: { key: string; value: string },
): Attention | undefined {
  const key = grown(graph, past.key);
  const value = grown(graph, past.value);
  if (key === undefined || value === undefined) return undefined;
  const scores = productOf(graph, key.all);
  const mixing = productOf(graph, value.all);
  if (scores === undefined || mixing === undefined) return undefined;
  const weights = weightsOf(graph, scores.node);
  if (weights === undefined || weights.softmaxTo !== mixing.node) return undefined;
  const mixed = flattened(graph, mixing.node.outputs[0] ?? '');
  const query = scores.node.inputs[0];
  if (mixed === undefined || query === undefined || mixing.scale !== 1) return undefined;
  return { query, key: key.new, value: value.new, scale: scores.scale * weights.scale, mixed };
}

/** The value that holds past and new tokens, and the one that holds the new. */
function grown(graph: GraphIndex, past: string): { all: string; new: string } | undefined {
  const node = graph.onlyConsumer(past);
  const [first, second] = node?.inputs ?? [];
  const [all] = node?.outputs ?? [];
  if (node?.opType !== 'Concat' || node.inputs.length !== 2) return undefined;
  if (first !== past || second === undefined || all === undefined) return undefined;
  const { axis } = node.attributes;
  return axis === 2 || axis === -2 ? { all, new: second } : undefined;
}

/** The MatMul whose second factor comes from a value, and by how much the value is multiplied before. */
function productOf(
  graph: GraphIndex,
  from: string,
): { node: GraphNode; scale: number } | undefined {
  let name = from;
  let scale = 1;
  for (let step = 0; step < 20; step += 1) {
    // The value is an output of the graph as well, and its shape may be asked.
    const users = graph.consumers(name).filter(({ opType }) => opType !== 'Shape');
    const node = [...new Set(users)].length === 1 ? users[0] : undefined;
    if (node === undefined) return undefined;
    if (node.opType === 'MatMul') return node.inputs[1] === name ? { node, scale } : undefined;
    const factor = factorOf(graph, node, name);
    if (factor !== undefined) scale *= factor;
    else if (!isShaping(node, name)) return undefined;
    name = node.outputs[0] ?? '';
  }
  return undefined;
}

/** Several copies of the same value may be put together, and nothing else. */
function isShaping({ opType, inputs }: GraphNode, name: string): boolean {
  return shaping.has(opType) && (opType !== 'Concat' || inputs.every((each) => each === name));
}

/** By how much a Mul or Div by a constant changes a value. */
function factorOf(graph: GraphIndex, node: GraphNode, name: string): number | undefined {
  const [first, second] = node.inputs;
  if (node.opType === 'Mul') return graph.scalar((first === name ? second : first) ?? '');
  if (node.opType !== 'Div' || first !== name) return undefined;
  const divisor = graph.scalar(second ?? '');
  return divisor === undefined || divisor === 0 ? undefined : 1 / divisor;
}

/** Follows scores over scale and mask to the Softmax, and to what takes it. */
function weightsOf(
  graph: GraphIndex,
  scores: GraphNode,
): { scale: number; softmaxTo: GraphNode } | undefined {
  let name = scores.outputs[0] ?? '';
  let scale = 1;
  let isMasked = false;
  for (let step = 0; step < 10; step += 1) {
    const node = graph.onlyConsumer(name);
    if (node === undefined) return undefined;
    const factor = factorOf(graph, node, name);
    // After the mask a factor would change the mask as well.
    if (factor !== undefined && !isMasked) scale *= factor;
    else if (node.opType === 'Add' && !isMasked) isMasked = true;
    else if (node.opType === 'Softmax') return afterSoftmax(graph, node, scale);
    else if (node.opType !== 'Cast' && node.opType !== 'Identity') return undefined;
    name = node.outputs[0] ?? '';
  }
  return undefined;
}

function afterSoftmax(
  graph: GraphIndex,
  softmax: GraphNode,
  scale: number,
): { scale: number; softmaxTo: GraphNode } | undefined {
  const { axis } = softmax.attributes;
  if (axis !== -1 && axis !== 3 && axis !== undefined) return undefined;
  let node: GraphNode | undefined = softmax;
  for (let step = 0; step < 4 && node !== undefined; step += 1) {
    node = graph.onlyConsumer(node.outputs[0] ?? '');
    if (node?.opType === 'MatMul') return { scale, softmaxTo: node };
    if (node?.opType !== 'Cast' && node?.opType !== 'Identity') return undefined;
  }
  return undefined;
}

/** The value in which the heads stand beside each other again. */
function flattened(graph: GraphIndex, mixed: string): string | undefined {
  const transpose = graph.onlyConsumer(mixed);
  const reshape = graph.onlyConsumer(transpose?.outputs[0] ?? '');
  if (transpose?.opType !== 'Transpose' || reshape?.opType !== 'Reshape') return undefined;
  const { perm } = transpose.attributes;
  return Array.isArray(perm) && perm.join() === '0,2,1,3' ? reshape.outputs[0] : undefined;
}
