import { Tensor } from 'onnxruntime-node';
import { VistazoError } from '../../errors.js';
import type { FeedTensor, TensorFeeds } from '../family/model-family.js';
import {
  inputsOf,
  type OnnxSession,
  openSession,
  outputsOf,
  requireTensor,
  type SessionOptions,
  type TensorSpec,
} from '../onnx/session.js';
import { floatTensor, toFloat32 } from '../onnx/tensor.js';

/** Features of one tile for the decoder. */
export interface ImageFeatures {
  /** `[tokens, hidden]` */
  data: Float32Array;
  tokens: number;
  hidden: number;
}

/** Encoder and connector: what the family feeds → `imageFeatures`. */
export class VisionEncoder {
  readonly #session: OnnxSession;
  readonly #inputs: readonly TensorSpec[];
  readonly #outputName: string;

  private constructor(session: OnnxSession, output: string | undefined) {
    this.#session = session;
    this.#inputs = inputsOf(session);
    this.#outputName = outputOf(outputsOf(session), output);
  }

  /**
   * `output` is the tensor to take, where it must be this one. Throws `model.invalidGraph` or
   * `model.outOfMemory`.
   */
  static async open(
    path: string,
    options: SessionOptions,
    output?: string,
  ): Promise<VisionEncoder> {
    return new VisionEncoder(await openSession(path, options), output);
  }

  /** Throws `model.invalidGraph` when the graph takes other tensors or sizes than these. */
  requireFeeds(feeds: TensorFeeds): void {
    for (const { name, shape } of this.#inputs) {
      const feed = feeds[name];
      if (feed === undefined) {
        throw new VistazoError(
          'model.invalidGraph',
          `The graph vision_encoder takes the tensor ${name}, which models of this kind do not have; only ${Object.keys(feeds).join(', ')} can be given. Download the model again.`,
        );
      }
      const fits =
        shape.length === feed.shape.length &&
        shape.every(
          (size, axis) => typeof size !== 'number' || size < 1 || size === feed.shape[axis],
        );
      if (fits) continue;
      throw new VistazoError(
        'model.invalidGraph',
        `The graph vision_encoder takes ${name} of the shape [${shape.join(', ')}], but preprocessor_config.json makes [${feed.shape.join(', ')}]; the files do not belong together. Download the model again.`,
      );
    }
  }

  /** Features of one tile. Throws `model.invalidGraph` when there are none. */
  async encode(feeds: TensorFeeds): Promise<ImageFeatures> {
    const given: Record<string, Tensor> = {};
    for (const spec of this.#inputs) {
      const feed = feeds[spec.name];
      if (feed !== undefined) given[spec.name] = tensorOf(feed, spec.type);
    }
    const features = (await this.#session.run(given))[this.#outputName];
    const hidden = features?.dims.at(-1);
    if (features === undefined || hidden === undefined || hidden === 0) {
      throw new VistazoError('model.invalidGraph', 'The vision encoder gave no image_features.');
    }
    return { data: toFloat32(features), tokens: features.size / hidden, hidden };
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}

function outputOf(outputs: readonly TensorSpec[], name: string | undefined): string {
  if (name !== undefined) return requireTensor(outputs, name, 'vision_encoder').name;
  const output = outputs.find((each) => each.name === 'image_features') ?? outputs[0];
  if (output !== undefined) return output.name;
  throw new VistazoError('model.invalidGraph', 'The graph vision_encoder gives no tensor.');
}

function tensorOf({ data, shape }: FeedTensor, type: Tensor.Type): Tensor {
  if (data instanceof Float32Array) {
    return floatTensor(type === 'float16' ? 'float16' : 'float32', data, shape);
  }
  return data instanceof BigInt64Array
    ? new Tensor('int64', data, shape)
    : new Tensor('bool', data, shape);
}
