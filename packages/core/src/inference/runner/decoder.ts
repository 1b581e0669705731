import { Tensor } from 'onnxruntime-node';
import { VistazoError } from '../../errors.js';
import { KvBatch, type Placement } from '../kv/kv-batch.js';
import type { KvRow } from '../kv/kv-row.js';
import { type KvBlock, type KvSpec, kvData, kvTensor } from '../kv/kv-spec.js';
import {
  inputsOf,
  type OnnxSession,
  openSession,
  outputsOf,
  requireTensor,
  type SessionOptions,
  type TensorSpec,
} from '../onnx/session.js';
import {
  asInput,
  type FloatType,
  floatTensor,
  floatType,
  int64Tensor,
  toFloat32,
} from '../onnx/tensor.js';
import { findPlacement } from './find-placement.js';

/**
 * Outputs of this prefix hold keys and values of the new tokens alone, `[batch, tokens, kvHeads ×
 * headDim]`; such graphs take past ones in buffers that may have room at the end of each row.
 */
export const newKvPrefix = 'new_key_values';

interface LayerNames {
  key: string;
  value: string;
  presentKey: string;
  presentValue: string;
}

/** Tokens that one sequence reads in a run. */
export interface DecoderInput {
  row: KvRow;
  /** `[tokens, hidden]` */
  inputsEmbeds: Float32Array;
}

/** The language model: `inputsEmbeds` → `logits`, with the keys and values of each sequence. */
export class Decoder {
  readonly #session: OnnxSession;
  readonly #layers: LayerNames[];
  readonly #spec: KvSpec;
  readonly #embedsType: FloatType;
  readonly #hidden: number;
  readonly #optional: Set<string>;
  /** Whether a run gives keys and values of the new tokens alone, instead of all; see {@link newKvPrefix}. */
  readonly #givesNewKvOnly: boolean;
  /** How rows run together; found out when they do so first. */
  #placement: Promise<Placement | undefined> | undefined;

  private constructor(session: OnnxSession) {
    const inputs = inputsOf(session);
    const outputs = outputsOf(session);
    const embeds = requireTensor(inputs, 'inputs_embeds', 'decoder', 3);
    requireTensor(inputs, 'attention_mask', 'decoder', 2);
    requireTensor(outputs, 'logits', 'decoder', 3);
    this.#session = session;
    this.#embedsType = floatType(embeds.type, 'inputs_embeds');
    this.#hidden = fixedSize(embeds, 2);
    this.#givesNewKvOnly = outputs.some(({ name }) => name.startsWith(newKvPrefix));
    this.#layers = layerNames(inputs, outputs, this.#givesNewKvOnly ? newKvPrefix : 'present');
    this.#spec = kvSpec(inputs, this.#layers);
    this.#optional = new Set(inputs.map(({ name }) => name));
  }

  /** Throws `model.invalidGraph` when the graph takes or gives other tensors. */
  static async open(path: string, options: SessionOptions): Promise<Decoder> {
    return new Decoder(await openSession(path, options));
  }

  /** Size of an embedding. */
  get hidden(): number {
    return this.#hidden;
  }

  /** What the cache holds of a token. */
  get kvSpec(): KvSpec {
    return this.#spec;
  }

  /**
   * How rows of different lengths run together; see {@link Placement}. Undefined when each must run
   * alone, since the graph attends to places that its attention mask leaves out.
   */
  placement(): Promise<Placement | undefined> {
    this.#placement ??= findPlacement((inputs, at) => this.#run(inputs, at), this.#hidden);
    return this.#placement;
  }

  /** A row that goes on from these blocks. */
  restore(blocks: readonly KvBlock[]): KvRow {
    return KvBatch.restore(this.#spec, blocks);
  }

  /** The tokens `from` to `to` of a row, copied. Throws `internal` when it has not read them. */
  copyBlock(row: KvRow, from: number, to: number): KvBlock {
    if (row.batch !== undefined && to <= row.tokens) return row.batch.block(row, from, to);
    throw new VistazoError('internal', `A row of ${row.tokens} tokens has no token ${to}.`);
  }

  /**
   * Lets sequences read tokens, each as many as the others: in one run where the graph can do that.
   * Gives the logits of the last token of each, and grows their rows. Throws `model.invalidGraph`.
   */
  async forward(inputs: readonly DecoderInput[]): Promise<Float32Array[]> {
    // A row alone has no holes, so that both placements are the same.
    if (inputs.length === 1) return this.#run(inputs, 'afterRow');
    const placement = await this.placement();
    if (placement !== undefined) return this.#run(inputs, placement);
    const logits: Float32Array[] = [];
    for (const input of inputs) logits.push(...(await this.#run([input], 'afterRow')));
    return logits;
  }

  async #run(inputs: readonly DecoderInput[], placement: Placement): Promise<Float32Array[]> {
    const tokens = (inputs[0]?.inputsEmbeds.length ?? 0) / this.#hidden;
    const batch = KvBatch.gather(
      this.#spec,
      inputs.map(({ row }) => row),
      this.#givesNewKvOnly,
    );
    if (!this.#givesNewKvOnly) batch.trim();
    const ordered = inputs.toSorted((a, b) => a.row.index - b.row.index);
    const feeds = this.#feeds(ordered, tokens, { batch, placement });
    const outputs = await this.#session.run(feeds);
    const logits = outputs.logits;
    if (logits === undefined)
      throw new VistazoError('model.invalidGraph', 'The decoder gave no logits.');
    const layers = this.#layers.map(({ presentKey, presentValue }) => ({
      key: kvData(outputOf(outputs, presentKey)),
      value: kvData(outputOf(outputs, presentValue)),
    }));
    if (this.#givesNewKvOnly) batch.append(layers, tokens);
    else batch.replace(layers, tokens, placement);
    const last = lastRows(toFloat32(logits), inputs.length, logits.dims);
    return inputs.map(({ row }) => last[row.index] ?? new Float32Array());
  }

  /** Frees the keys and values of a row. */
  release(row: KvRow): void {
    row.batch?.remove(row);
    row.tokens = 0;
  }

  #feeds(
    inputs: readonly DecoderInput[],
    tokens: number,
    { batch, placement }: { batch: KvBatch; placement: Placement },
  ): Record<string, Tensor> {
    const rows = inputs.length;
    const feeds: Record<string, Tensor> = {
      inputs_embeds: floatTensor(this.#embedsType, joined(inputs), [rows, tokens, this.#hidden]),
      attention_mask: new Tensor('int64', batch.attentionMask(tokens, placement), [
        rows,
        batch.width + tokens,
      ]),
    };
    if (this.#optional.has('position_ids')) {
      const positions = inputs.flatMap(({ row }) =>
        Array.from({ length: tokens }, (_, i) => row.tokens + i),
      );
      feeds.position_ids = int64Tensor(positions, [rows, tokens]);
    }
    if (this.#optional.has('num_logits_to_keep')) feeds.num_logits_to_keep = int64Tensor([1], []);
    if (this.#optional.has('use_cache_branch')) {
      feeds.use_cache_branch = new Tensor('bool', [batch.width > 0], [1]);
    }
    for (const [index, { key, value }] of batch.feeds().entries()) {
      const names = this.#layers[index];
      if (names === undefined) continue;
      feeds[names.key] = kvTensor(key, batch.shape);
      feeds[names.value] = kvTensor(value, batch.shape);
    }
    return feeds;
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}

function outputOf(outputs: Record<string, unknown>, name: string): Tensor {
  const output = outputs[name];
  if (output instanceof Tensor) return asInput(output);
  throw new VistazoError('model.invalidGraph', `The decoder gave no ${name}.`);
}

function joined(inputs: readonly DecoderInput[]): Float32Array {
  const [first] = inputs;
  if (inputs.length === 1 && first !== undefined) return first.inputsEmbeds;
  const size = first?.inputsEmbeds.length ?? 0;
  const whole = new Float32Array(size * inputs.length);
  for (const [index, { inputsEmbeds }] of inputs.entries()) {
    if (inputsEmbeds.length !== size) {
      throw new VistazoError('internal', 'The rows of one run read as many tokens each.');
    }
    whole.set(inputsEmbeds, index * size);
  }
  return whole;
}

function layerNames(
  inputs: readonly TensorSpec[],
  outputs: readonly TensorSpec[],
  prefix: string,
): LayerNames[] {
  const pasts = inputs.filter(({ name }) => name.endsWith('.key'));
  if (pasts.length === 0) {
    throw new VistazoError(
      'model.invalidGraph',
      'The decoder takes no past_key_values; export it with a KV cache.',
    );
  }
  return pasts.map(({ name: key }) => {
    const value = key.replace(/\.key$/, '.value');
    requireTensor(inputs, value, 'decoder', 4);
    const present = (name: string) =>
      requireTensor(outputs, name.replace(/^past_key_values/, prefix), 'decoder').name;
    return { key, value, presentKey: present(key), presentValue: present(value) };
  });
}

function kvSpec(inputs: readonly TensorSpec[], layers: readonly LayerNames[]): KvSpec {
  const spec = requireTensor(inputs, layers[0]?.key ?? '', 'decoder', 4);
  return {
    type: floatType(spec.type, spec.name),
    layers: layers.length,
    kvHeads: fixedSize(spec, 1),
    headDim: fixedSize(spec, 3),
  };
}

function fixedSize({ name, shape }: TensorSpec, axis: number): number {
  const size = shape[axis];
  if (typeof size === 'number' && size > 0) return size;
  throw new VistazoError(
    'model.invalidGraph',
    `Dimension ${axis} of the tensor ${name} must be a fixed size, not ${size}.`,
  );
}

/** Logits of the last token of each row, of `[rows, tokens, vocabulary]`. */
function lastRows(values: Float32Array, rows: number, dims: readonly number[]): Float32Array[] {
  const vocabulary = dims.at(-1) ?? 0;
  const size = values.length / rows;
  return Array.from({ length: rows }, (_, row) =>
    values.subarray((row + 1) * size - vocabulary, (row + 1) * size),
  );
}
