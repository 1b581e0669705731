import {
  inputsOf,
  type OnnxSession,
  openSession,
  outputsOf,
  requireTensor,
  type SessionOptions,
} from '../onnx/session.js';
import { int64Tensor, toFloat32 } from '../onnx/tensor.js';

/** Token embeddings: `inputIds` → `inputsEmbeds`. */
export class Embedder {
  readonly #session: OnnxSession;
  readonly #outputName: string;

  private constructor(session: OnnxSession) {
    requireTensor(inputsOf(session), 'input_ids', 'embed_tokens', 2);
    this.#session = session;
    this.#outputName = requireTensor(outputsOf(session), 'inputs_embeds', 'embed_tokens', 3).name;
  }

  /** Throws `model.invalidGraph` when the graph takes or gives other tensors. */
  static async open(path: string, options: SessionOptions): Promise<Embedder> {
    return new Embedder(await openSession(path, options));
  }

  /** `[tokens, hidden]` */
  async embed(inputIds: readonly number[]): Promise<Float32Array> {
    const outputs = await this.#session.run({
      input_ids: int64Tensor(inputIds, [1, inputIds.length]),
    });
    const embeds = outputs[this.#outputName];
    return embeds === undefined ? new Float32Array() : toFloat32(embeds);
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}
