import type { Tensor } from 'onnxruntime-node';
import { VistazoError } from '../../errors.js';
import {
  inputsOf,
  type OnnxSession,
  openSession,
  outputsOf,
  requireTensor,
  type SessionOptions,
} from '../onnx/session.js';
import { int64Tensor, toFloat32 } from '../onnx/tensor.js';

const graph = 'text_model';

/** Token ids of texts → `text_embeds`. */
export class TextEncoder {
  /** Numbers of an embedding. */
  readonly dimensions: number;
  readonly #session: OnnxSession;
  readonly #inputs: ReadonlySet<string>;

  private constructor(session: OnnxSession) {
    this.#session = session;
    const inputs = inputsOf(session);
    requireTensor(inputs, 'input_ids', graph, 2);
    this.#inputs = new Set(inputs.map(({ name }) => name));
    const { shape } = requireTensor(outputsOf(session), 'text_embeds', graph, 2);
    const [, dimensions] = shape;
    if (typeof dimensions !== 'number') {
      throw new VistazoError(
        'model.invalidGraph',
        `The last dimension of text_embeds of the graph ${graph} must be a fixed size, not ${dimensions}.`,
      );
    }
    this.dimensions = dimensions;
  }

  /** Throws `model.invalidGraph` when the graph takes or gives other tensors. */
  static async open(path: string, options: SessionOptions): Promise<TextEncoder> {
    return new TextEncoder(await openSession(path, options));
  }

  /** Embeddings of texts with as many tokens each. */
  async encode(texts: readonly (readonly number[])[]): Promise<Float32Array[]> {
    const tokens = texts[0]?.length ?? 0;
    const shape = [texts.length, tokens];
    const feeds: Record<string, Tensor> = { input_ids: int64Tensor(texts.flat(), shape) };
    if (this.#inputs.has('attention_mask')) {
      feeds.attention_mask = int64Tensor(new Uint8Array(texts.length * tokens).fill(1), shape);
    }
    if (this.#inputs.has('position_ids')) {
      feeds.position_ids = int64Tensor(
        Array.from({ length: texts.length * tokens }, (_, i) => i % tokens),
        shape,
      );
    }
    const output = (await this.#session.run(feeds)).text_embeds;
    if (output === undefined || output.size !== texts.length * this.dimensions) {
      throw new VistazoError('model.invalidGraph', `The graph ${graph} gave no text_embeds.`);
    }
    const values = toFloat32(output);
    return texts.map((_, row) => values.slice(row * this.dimensions, (row + 1) * this.dimensions));
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}
