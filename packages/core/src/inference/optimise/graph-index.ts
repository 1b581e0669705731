import type { GraphNode, OnnxModel } from './onnx-model.js';

/** Finds the nodes that give and take the values of a graph. */
export class GraphIndex {
  readonly #model: OnnxModel;
  readonly #producers = new Map<string, GraphNode>();
  readonly #consumers = new Map<string, GraphNode[]>();

  constructor(model: OnnxModel) {
    this.#model = model;
    for (const node of model.nodes) {
      for (const name of node.outputs) this.#producers.set(name, node);
      for (const name of new Set([...node.inputs, ...node.captured])) {
        const known = this.#consumers.get(name);
        if (known === undefined) this.#consumers.set(name, [node]);
        else known.push(node);
      }
    }
  }

  /** The node that gives a value; undefined for inputs and weights. */
  producer(name: string): GraphNode | undefined {
    return this.#producers.get(name);
  }

  /** The nodes that take a value. */
  consumers(name: string): readonly GraphNode[] {
    return this.#consumers.get(name) ?? [];
  }

  /** The only node that takes a value; undefined when there are none or several. */
  onlyConsumer(name: string): GraphNode | undefined {
    const [first, second] = this.consumers(name);
    return second === undefined ? first : undefined;
  }

  /** The numbers of a small constant; undefined for other values. */
  constant(name: string): readonly number[] | undefined {
    const weights = this.#model.initializers.find((each) => each.name === name);
    if (weights !== undefined) return weights.value?.values;
    const node = this.producer(name);
    if (node?.opType === 'Identity') return this.constant(node.inputs[0] ?? '');
    const value = node?.opType === 'Constant' ? node.attributes.value : undefined;
    return typeof value === 'object' && 'dims' in value ? value.values : undefined;
  }

  /** The one number of a constant; undefined for other values. */
  scalar(name: string): number | undefined {
    const values = this.constant(name);
    return values?.length === 1 ? values[0] : undefined;
  }
}
