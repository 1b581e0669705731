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

/** Features of one picture for the decoder. */
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

  /**
   * Features of all tiles of a picture. Tiles go through one by one, so that `signal` stops the
   * work within a tile.
   */
  async encode(picture: ProcessedPicture, signal: AbortSignal): Promise<ImageFeatures> {
    const tileBytes = picture.pixels.length / picture.tiles;
    const tiles: ImageFeatures[] = [];
    for (let start = 0; start < picture.pixels.length; start += tileBytes) {
      // ONNX Runtime blocks this thread; a turn of the loop lets an abort arrive.
      await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
      tiles.push(
        await this.#encodeTile(picture.pixels.subarray(start, start + tileBytes), picture),
      );
    }
    return joined(tiles);
  }

  async #encodeTile(
    pixels: Uint8Array,
    { tileWidthPx, tileHeightPx }: ProcessedPicture,
  ): Promise<ImageFeatures> {
    const values = toPixelValues(pixels, { tileWidthPx, tileHeightPx }, this.#scaling);
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

function joined(tiles: readonly ImageFeatures[]): ImageFeatures {
  const [first] = tiles;
  if (first === undefined) return { data: new Float32Array(), tokens: 0, hidden: 0 };
  if (tiles.length === 1) return first;
  const data = new Float32Array(first.data.length * tiles.length);
  for (const [index, tile] of tiles.entries()) data.set(tile.data, index * first.data.length);
  return { data, tokens: first.tokens * tiles.length, hidden: first.hidden };
}
