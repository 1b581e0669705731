import { Tensor } from 'onnxruntime-node';
import { VistazoError } from '../../errors.js';
import type { PixelScaling, ProcessedPicture, TilePlan } from '../family/processed-picture.js';
import {
  inputsOf,
  type OnnxSession,
  openSession,
  outputsOf,
  requireTensor,
  type SessionOptions,
  type TensorSpec,
} from '../onnx/session.js';
import { type FloatType, floatTensor, floatType, toFloat32 } from '../onnx/tensor.js';
import { toPixelValues } from './pixel-values.js';

/** Features of one tile for the decoder. */
export interface ImageFeatures {
  /** `[tokens, hidden]` */
  data: Float32Array;
  tokens: number;
  hidden: number;
}

/** Encoder and connector: `pixelValues` → `imageFeatures`. */
export class VisionEncoder {
  readonly #session: OnnxSession;
  readonly #scaling: PixelScaling;
  readonly #type: FloatType;
  readonly #hasMask: boolean;
  readonly #outputName: string;
  /** `[batch, tiles, 3, height, width]`; names where a size is free. */
  readonly #inputShape: TensorSpec['shape'];

  private constructor(session: OnnxSession, scaling: PixelScaling) {
    const inputs = inputsOf(session);
    this.#session = session;
    this.#scaling = scaling;
    const pixelValues = requireTensor(inputs, 'pixel_values', 'vision_encoder', 5);
    this.#type = floatType(pixelValues.type, 'pixel_values');
    this.#inputShape = pixelValues.shape;
    this.#hasMask = inputs.some(({ name }) => name === 'pixel_attention_mask');
    this.#outputName = requireTensor(outputsOf(session), 'image_features', 'vision_encoder').name;
  }

  /** Throws `model.invalidGraph` when the graph takes or gives other tensors. */
  static async open(
    path: string,
    scaling: PixelScaling,
    options: SessionOptions,
  ): Promise<VisionEncoder> {
    return new VisionEncoder(await openSession(path, options), scaling);
  }

  /** Throws `model.invalidGraph` when the graph takes tiles of another size. */
  requireTiles({
    tileWidthPx,
    tileHeightPx,
  }: Pick<TilePlan, 'tileWidthPx' | 'tileHeightPx'>): void {
    const [height, width] = this.#inputShape.slice(-2);
    const fits = (size: number | string | undefined, px: number) =>
      typeof size !== 'number' || size === px;
    if (fits(height, tileHeightPx) && fits(width, tileWidthPx)) return;
    throw new VistazoError(
      'model.invalidGraph',
      `The graph vision_encoder takes tiles of ${width} × ${height} px, but preprocessor_config.json makes ${tileWidthPx} × ${tileHeightPx} px; the files do not belong together. Download the model again.`,
    );
  }

  /** Features of one tile of a picture. Throws `model.invalidGraph` when there are none. */
  async encodeTile(
    { pixels, tiles, tileWidthPx, tileHeightPx }: ProcessedPicture,
    tile: number,
  ): Promise<ImageFeatures> {
    const tileBytes = pixels.length / tiles;
    const own = pixels.subarray(tile * tileBytes, (tile + 1) * tileBytes);
    const values = toPixelValues(own, { tileWidthPx, tileHeightPx }, this.#scaling);
    const feeds: Record<string, Tensor> = {
      pixel_values: floatTensor(this.#type, values, [1, 1, 3, tileHeightPx, tileWidthPx]),
    };
    if (this.#hasMask) {
      const mask = new Uint8Array(tileHeightPx * tileWidthPx).fill(1);
      feeds.pixel_attention_mask = new Tensor('bool', mask, [1, 1, tileHeightPx, tileWidthPx]);
    }
    const features = (await this.#session.run(feeds))[this.#outputName];
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
