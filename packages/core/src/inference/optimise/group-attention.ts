import { newKvPrefix } from '../runner/decoder-tensors.js';
import { GraphIndex } from './graph-index.js';
import { type Attention, matchAttention } from './match-attention.js';
import {
  elementType,
  type GraphNode,
  newInt64,
  newNode,
  newTensor,
  type OnnxModel,
  opsetImport,
  withInput,
} from './onnx-model.js';

const microsoft = 'com.microsoft';
/** From this version of the operators on, the axes of ReduceSum are an input, as they are written here. */
const minOpset = 13;

/** Sizes of the attention of a decoder. */
export interface AttentionSizes {
  heads: number;
  kvHeads: number;
  headDim: number;
}

/**
 * The same decoder with the attention of each layer in one GroupQueryAttention, which gives keys and
 * values of the new tokens alone, and logits of the last `num_logits_to_keep` tokens where the graph
 * can give fewer. Undefined where the graph is written in a way that is not known.
 */
export function groupAttention(model: OnnxModel, sizes: AttentionSizes): OnnxModel | undefined {
  if ((model.domains.get('') ?? 0) < minOpset) return undefined;
  const graph = new GraphIndex(model);
  const pasts = model.inputs.map(({ name }) => name).filter((name) => name.endsWith('.key'));
  /** By the value that each attention gives, which is made in another way now. */
  const replacements = new Map<string, GraphNode[]>();
  const newKv: string[] = [];
  for (const key of pasts) {
    const past = { key, value: key.replace(/\.key$/, '.value') };
    const attention = matchAttention(graph, past);
    if (attention === undefined) return undefined;
    replacements.set(attention.mixed, attentionNodes(past, attention, sizes));
    newKv.push(newKvName(past.key), newKvName(past.value));
  }
  const logits = model.outputs.filter(({ name }) => name === 'logits');
  if (newKv.length === 0 || logits.length === 0) return undefined;
  const head = logitsHead(graph);
  const keepsSome = head !== undefined && !model.inputs.some(({ name }) => name === keepInput);
  const nodes = model.nodes.flatMap((node) => {
    const instead = replacements.get(node.outputs[0] ?? '');
    if (instead !== undefined) return instead;
    return keepsSome && node === head ? lastTokenNodes(head) : [node];
  });
  const width = sizes.kvHeads * sizes.headDim;
  return pruned({
    header: model.domains.has(microsoft)
      ? model.header
      : [...model.header, opsetImport(microsoft, 1)],
    domains: new Map([...model.domains, [microsoft, 1]]),
    nodes: [...lengthNodes, ...nodes],
    initializers: [...model.initializers, ...constants],
    inputs: [...model.inputs, ...(keepsSome ? [newTensor(keepInput, elementType.int64, [])] : [])],
    outputs: [
      ...logits,
      ...newKv.map((name) => newTensor(name, elementType.float, ['batch', 'tokens', width])),
    ],
  });
}

function newKvName(past: string): string {
  return past.replace(/^past_key_values/, newKvPrefix);
}

/** How many tokens at the end of each row logits are wanted of. */
const keepInput = 'num_logits_to_keep';

/** Names of values that are made here, which no exporter uses. */
const own = (name: string) => `vistazo/${name}`;

const constants = [
  newInt64(own('axis0'), [0]),
  newInt64(own('axis1'), [1]),
  newInt64(own('one'), [1], []),
  newInt64(own('flat'), [0, 0, -1]),
  newInt64(own('end'), [2 ** 31]),
];

/** What GroupQueryAttention wants to know of lengths: the last place of each row, and the length of the longest. */
const lengthNodes = [
  newNode('ReduceSum', ['attention_mask', own('axis1')], [own('lengths')], { keepdims: 0 }),
  newNode('Sub', [own('lengths'), own('one')], [own('lasts')]),
  newNode('Cast', [own('lasts')], [own('last')], { to: elementType.int32 }),
  newNode('Shape', ['attention_mask'], [own('mask_shape')]),
  newNode('Gather', [own('mask_shape'), own('one')], [own('longest')]),
  newNode('Cast', [own('longest')], [own('total')], { to: elementType.int32 }),
];

function attentionNodes(
  past: { key: string; value: string },
  { query, key, value, scale, mixed }: Attention,
  { heads, kvHeads }: AttentionSizes,
): GraphNode[] {
  const queries = `${mixed}/${own('query')}`;
  return [
    ...flat(query, queries),
    ...flat(key, newKvName(past.key)),
    ...flat(value, newKvName(past.value)),
    newNode(
      'GroupQueryAttention',
      [
        queries,
        newKvName(past.key),
        newKvName(past.value),
        past.key,
        past.value,
        own('last'),
        own('total'),
      ],
      [mixed, `${mixed}/${own('keys')}`, `${mixed}/${own('values')}`],
      {
        domain: microsoft,
        num_heads: heads,
        kv_num_heads: kvHeads,
        do_rotary: 0,
        scale: { float: scale },
      },
    ),
  ];
}

/** `[batch, heads, tokens, headDim]` to `[batch, tokens, heads × headDim]`. */
function flat(from: string, to: string): GraphNode[] {
  return [
    newNode('Transpose', [from], [`${to}/${own('turned')}`], { perm: [0, 2, 1, 3] }),
    newNode('Reshape', [`${to}/${own('turned')}`, own('flat')], [to]),
  ];
}

/** The node that makes logits of hidden states, the first factor; undefined where there is none such. */
function logitsHead(graph: GraphIndex): GraphNode | undefined {
  let node = graph.producer('logits');
  while (node?.opType === 'Cast' || node?.opType === 'Identity') {
    node = graph.producer(node.inputs[0] ?? '');
  }
  return node?.opType === 'MatMul' || node?.opType === 'MatMulNBits' ? node : undefined;
}

/** The head, which reads only the tokens at the end. */
function lastTokenNodes(head: GraphNode): GraphNode[] {
  const [hidden = ''] = head.inputs;
  return [
    newNode('Neg', [keepInput], [own('keep')]),
    newNode('Unsqueeze', [own('keep'), own('axis0')], [own('from')]),
    newNode('Slice', [hidden, own('from'), own('end'), own('axis1')], [own('kept')]),
    withInput(head, 0, own('kept')),
  ];
}

/** Without the nodes and weights of which nothing comes. */
function pruned(model: OnnxModel): OnnxModel {
  const graph = new GraphIndex(model);
  const needed = new Set<GraphNode>();
  const names = new Set(model.outputs.map(({ name }) => name));
  const pending = [...names];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const node = graph.producer(name);
    if (node === undefined || needed.has(node)) continue;
    needed.add(node);
    for (const input of [...node.inputs, ...node.captured]) {
      names.add(input);
      pending.push(input);
    }
  }
  return {
    ...model,
    nodes: model.nodes.filter((node) => needed.has(node)),
    initializers: model.initializers.filter(({ name }) => names.has(name)),
  };
}
