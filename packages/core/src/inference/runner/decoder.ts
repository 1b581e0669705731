import { Tensor } from 'onnxruntime-node';
import { VistazoError } from '../../errors.js';
import type { KvCache } from '../kv/kv-cache.js';
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
  zerosTensor,
} from '../onnx/tensor.js';

/** Tokens read in one run of the prompt; an abort waits no longer than this takes. */
const prefillChunkTokens = 256;

interface LayerNames {
  key: string;
  value: string;
  presentKey: string;
  presentValue: string;
}

/** The language model: `inputsEmbeds` → `logits`, with a KV cache. */
export class Decoder {
  readonly #session: OnnxSession;
  readonly #layers: LayerNames[];
  readonly #kv: { type: FloatType; heads: number; headDim: number };
  readonly #embedsType: FloatType;
  readonly #hidden: number;
  readonly #optional: Set<string>;

  private constructor(session: OnnxSession) {
    const inputs = inputsOf(session);
    const outputs = outputsOf(session);
    const embeds = requireTensor(inputs, 'inputs_embeds', 'decoder', 3);
    requireTensor(inputs, 'attention_mask', 'decoder', 2);
    requireTensor(outputs, 'logits', 'decoder', 3);
    this.#session = session;
    this.#embedsType = floatType(embeds.type, 'inputs_embeds');
    this.#hidden = fixedSize(embeds, 2);
    this.#layers = layerNames(inputs, outputs);
    this.#kv = kvShape(inputs, this.#layers);
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

  /** A cache of no tokens. */
  emptyCache(): KvCache {
    const { type, heads, headDim } = this.#kv;
    const empty = () => zerosTensor(type, [1, heads, 0, headDim]);
    return { layers: this.#layers.map(() => ({ key: empty(), value: empty() })), tokens: 0 };
  }

  /**
   * Reads a prompt in chunks. `inputsEmbeds` is `[tokens, hidden]`; the result holds the logits of
   * the last token and the grown cache.
   */
  async prefill(
    inputsEmbeds: Float32Array,
    cache: KvCache,
    signal: AbortSignal,
  ): Promise<{ logits: Float32Array; cache: KvCache }> {
    const chunk = prefillChunkTokens * this.#hidden;
    let step: { logits: Float32Array; cache: KvCache } = { logits: new Float32Array(), cache };
    for (let start = 0; start < inputsEmbeds.length; start += chunk) {
      await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
      step = await this.step(inputsEmbeds.subarray(start, start + chunk), step.cache);
    }
    return step;
  }

  /** Reads some tokens in one run. The given cache must not be used any more. */
  async step(
    inputsEmbeds: Float32Array,
    cache: KvCache,
  ): Promise<{ logits: Float32Array; cache: KvCache }> {
    const tokens = inputsEmbeds.length / this.#hidden;
    const total = cache.tokens + tokens;
    const outputs = await this.#session.run(this.#feeds(inputsEmbeds, tokens, cache));
    const logits = outputs.logits;
    if (logits === undefined)
      throw new VistazoError('model.invalidGraph', 'The decoder gave no logits.');
    const vocabulary = logits.dims.at(-1) ?? 0;
    const layers = this.#layers.map(({ presentKey, presentValue }) => {
      const key = outputs[presentKey];
      const value = outputs[presentValue];
      if (key instanceof Tensor && value instanceof Tensor) {
        return { key: asInput(key), value: asInput(value) };
      }
      throw new VistazoError('model.invalidGraph', `The decoder gave no ${presentKey}.`);
    });
    return { logits: lastRow(toFloat32(logits), vocabulary), cache: { layers, tokens: total } };
  }

  #feeds(inputsEmbeds: Float32Array, tokens: number, cache: KvCache): Record<string, Tensor> {
    const total = cache.tokens + tokens;
    const feeds: Record<string, Tensor> = {
      inputs_embeds: floatTensor(this.#embedsType, inputsEmbeds, [1, tokens, this.#hidden]),
      attention_mask: new Tensor('int64', new BigInt64Array(total).fill(1n), [1, total]),
    };
    if (this.#optional.has('position_ids')) {
      feeds.position_ids = int64Tensor(
        Array.from({ length: tokens }, (_, i) => cache.tokens + i),
        [1, tokens],
      );
    }
    if (this.#optional.has('num_logits_to_keep')) feeds.num_logits_to_keep = int64Tensor([1], []);
    if (this.#optional.has('use_cache_branch')) {
      feeds.use_cache_branch = new Tensor('bool', [cache.tokens > 0], [1]);
    }
    for (const [index, { key, value }] of cache.layers.entries()) {
      const names = this.#layers[index];
      if (names === undefined) continue;
      feeds[names.key] = key;
      feeds[names.value] = value;
    }
    return feeds;
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}

function layerNames(inputs: readonly TensorSpec[], outputs: readonly TensorSpec[]): LayerNames[] {
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
      requireTensor(outputs, name.replace(/^past_key_values/, 'present'), 'decoder', 4).name;
    return { key, value, presentKey: present(key), presentValue: present(value) };
  });
}

function kvShape(inputs: readonly TensorSpec[], layers: readonly LayerNames[]) {
  const spec = requireTensor(inputs, layers[0]?.key ?? '', 'decoder', 4);
  return {
    type: floatType(spec.type, spec.name),
    heads: fixedSize(spec, 1),
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

function lastRow(values: Float32Array, length: number): Float32Array {
  return values.subarray(values.length - length);
}
