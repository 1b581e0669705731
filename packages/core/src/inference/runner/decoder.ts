import { Tensor } from 'onnxruntime-node';
import { VistazoError } from '../../errors.js';
import { KvBatch, type Placement } from '../kv/kv-batch.js';
import type { KvRow } from '../kv/kv-row.js';
import type { KvBlock, KvSpec } from '../kv/kv-spec.js';
import { kvData, kvTensor } from '../kv/kv-tensor.js';
import {
  inputsOf,
  type OnnxSession,
  openSession,
  outputsOf,
  type SessionOptions,
} from '../onnx/session.js';
import { asInput, floatTensor, int64Tensor, toFloat32 } from '../onnx/tensor.js';
import { type DecoderTensors, decoderTensors } from './decoder-tensors.js';
import { findPlacement } from './find-placement.js';

/** Tokens that one sequence reads in a run. */
export interface DecoderInput {
  row: KvRow;
  /** Their embeddings, `[tokens, hidden]`, or their ids where the decoder takes those. */
  tokens: Float32Array | readonly number[];
  /** `[axes, tokens]`; undefined where positions count from 0. */
  positions?: Int32Array | undefined;
}

/** The language model: embeddings or ids of tokens → `logits`, with the keys and values of each sequence. */
export class Decoder {
  readonly #session: OnnxSession;
  readonly #tensors: DecoderTensors;
  /** How rows run together; found out when they do so first. */
  #placement: Promise<Placement | undefined> | undefined;

  private constructor(session: OnnxSession) {
    this.#session = session;
    this.#tensors = decoderTensors(inputsOf(session), outputsOf(session));
  }

  /** Throws `model.invalidGraph` when the graph takes or gives other tensors. */
  static async open(path: string, options: SessionOptions): Promise<Decoder> {
    return new Decoder(await openSession(path, options));
  }

  /** Size of an embedding; undefined where the decoder takes token ids. */
  get hidden(): number | undefined {
    return this.#tensors.embeds?.hidden;
  }

  /** What the cache holds of a token. */
  get kvSpec(): KvSpec {
    return this.#tensors.kv;
  }

  /** How many tokens an input holds. */
  #count({ tokens }: DecoderInput): number {
    return tokens.length / (tokens instanceof Float32Array ? (this.hidden ?? 1) : 1);
  }

  /** Some tokens that mean nothing, to try a graph with. The same `seed` gives the same. */
  sampleTokens(count: number, seed: number): Float32Array | number[] {
    const { hidden } = this;
    return hidden === undefined
      ? Array.from({ length: count }, (_, i) => 3 + ((i * 7 + seed * 11) % 61))
      : Float32Array.from({ length: count * hidden }, (_, i) => Math.sin(1 + i * 1.37 + seed));
  }

  /**
   * How rows of different lengths run together; see {@link Placement}. Undefined when each must run
   * alone, since the graph attends to places that its attention mask leaves out.
   */
  placement(): Promise<Placement | undefined> {
    this.#placement ??= findPlacement(
      (inputs, at) => this.#run(inputs, at),
      (count, seed) => this.sampleTokens(count, seed),
    );
    return this.#placement;
  }

  /** A row that goes on from these blocks. */
  restore(blocks: readonly KvBlock[]): KvRow {
    return KvBatch.restore(this.#tensors.kv, blocks);
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
    // A row alone is compact, so that both placements are the same.
    if (inputs.length === 1) return this.#run(inputs, 'afterRow');
    const placement = await this.placement();
    if (placement !== undefined) return this.#run(inputs, placement);
    const logits: Float32Array[] = [];
    for (const input of inputs) logits.push(...(await this.#run([input], 'afterRow')));
    return logits;
  }

  async #run(inputs: readonly DecoderInput[], placement: Placement): Promise<Float32Array[]> {
    const tokens = inputs[0] === undefined ? 0 : this.#count(inputs[0]);
    if (inputs.some((each) => this.#count(each) !== tokens)) {
      throw new VistazoError('internal', 'The rows of one run read as many tokens each.');
    }
    const batch = KvBatch.gather(
      this.#tensors.kv,
      inputs.map(({ row }) => row),
      this.#tensors.givesNewKvOnly,
    );
    if (!this.#tensors.givesNewKvOnly) {
      if (inputs.length === 1) batch.compact();
      else batch.trim();
    }
    const ordered = inputs.toSorted((a, b) => a.row.index - b.row.index);
    const feeds = this.#feeds(ordered, tokens, { batch, placement });
    const outputs = await this.#session.run(feeds);
    const logits = outputs.logits;
    if (logits === undefined)
      throw new VistazoError('model.invalidGraph', 'The decoder gave no logits.');
    const layers = this.#tensors.layers.map(({ presentKey, presentValue }) => ({
      key: kvData(outputOf(outputs, presentKey)),
      value: kvData(outputOf(outputs, presentValue)),
    }));
    if (this.#tensors.givesNewKvOnly) batch.append(layers, tokens);
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
      ...this.#tokenFeeds(inputs, tokens),
      attention_mask: new Tensor('int64', batch.attentionMask(tokens, placement), [
        rows,
        batch.width + tokens,
      ]),
    };
    if (this.#tensors.inputs.has('position_ids')) {
      feeds.position_ids = this.#positionIds(inputs, tokens);
    }
    if (this.#tensors.inputs.has('num_logits_to_keep'))
      feeds.num_logits_to_keep = int64Tensor([1], []);
    if (this.#tensors.inputs.has('use_cache_branch')) {
      feeds.use_cache_branch = new Tensor('bool', [batch.width > 0], [1]);
    }
    for (const [index, { key, value }] of batch.feeds().entries()) {
      const names = this.#tensors.layers[index];
      if (names === undefined) continue;
      feeds[names.key] = kvTensor(key, batch.shape);
      feeds[names.value] = kvTensor(value, batch.shape);
    }
    return feeds;
  }

  #tokenFeeds(inputs: readonly DecoderInput[], tokens: number): Record<string, Tensor> {
    const { embeds } = this.#tensors;
    const rows = inputs.length;
    if (embeds === undefined) {
      const ids = inputs.flatMap((each) => Array.from(each.tokens));
      return { input_ids: int64Tensor(ids, [rows, tokens]) };
    }
    const { type, hidden } = embeds;
    return { inputs_embeds: floatTensor(type, joined(inputs), [rows, tokens, hidden]) };
  }

  /** `[rows, tokens]`, or `[axes, rows, tokens]`. */
  #positionIds(inputs: readonly DecoderInput[], tokens: number): Tensor {
    const { positionAxes: axes } = this.#tensors;
    const rows = inputs.length;
    const ids = new BigInt64Array(axes * rows * tokens);
    for (const [index, { row, positions }] of inputs.entries()) {
      for (let axis = 0; axis < axes; axis += 1) {
        for (let token = 0; token < tokens; token += 1) {
          const position = positions?.[axis * tokens + token] ?? row.tokens + token;
          ids[(axis * rows + index) * tokens + token] = BigInt(position);
        }
      }
    }
    return new Tensor('int64', ids, axes === 1 ? [rows, tokens] : [axes, rows, tokens]);
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
  if (inputs.length === 1 && first?.tokens instanceof Float32Array) return first.tokens;
  const size = first?.tokens.length ?? 0;
  const whole = new Float32Array(size * inputs.length);
  for (const [index, { tokens }] of inputs.entries()) whole.set(tokens, index * size);
  return whole;
}

/** Logits of the last token of each row, of `[rows, tokens, vocabulary]`. */
function lastRows(values: Float32Array, rows: number, dims: readonly number[]): Float32Array[] {
  const vocabulary = dims.at(-1) ?? 0;
  const size = values.length / rows;
  return Array.from({ length: rows }, (_, row) =>
    values.subarray((row + 1) * size - vocabulary, (row + 1) * size),
  );
}
