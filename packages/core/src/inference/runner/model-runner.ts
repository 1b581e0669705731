import type { CacheScope } from '../../cache-scopes.js';
import { VistazoError } from '../../errors.js';
import { ScopedCache } from '../../scoped-cache.js';
import type { PixelScaling, ProcessedPicture, TilePlan } from '../family/processed-picture.js';
import type { GraphFiles } from '../files/model-files.js';
import type { SessionOptions } from '../onnx/session.js';
import { Decoder } from './decoder.js';
import { Embedder } from './embedder.js';
import { tileDigests } from './picture-digest.js';
import { VisionEncoder } from './vision-encoder.js';

const maxFeatureBytes = 64 * 2 ** 20;

/** Runs the graphs of a model. Features of tiles are kept by their content, within their scope. */
export class ModelRunner {
  readonly #vision: VisionEncoder;
  readonly #embedder: Embedder;
  readonly decoder: Decoder;
  readonly #features = new ScopedCache<Float32Array>(maxFeatureBytes, (data) => data.byteLength);

  private constructor(vision: VisionEncoder, embedder: Embedder, decoder: Decoder) {
    this.#vision = vision;
    this.#embedder = embedder;
    this.decoder = decoder;
  }

  /** Loads the graphs. Throws `model.invalidGraph` or `model.outOfMemory`. */
  static async open(
    { paths }: GraphFiles,
    images: { scaling: PixelScaling; tile: TilePlan },
    options: SessionOptions,
  ): Promise<ModelRunner> {
    const vision = await VisionEncoder.open(paths.vision_encoder, images.scaling, options);
    vision.requireTiles(images.tile);
    const embedder = await Embedder.open(paths.embed_tokens, options);
    return new ModelRunner(
      vision,
      embedder,
      await Decoder.open(paths.decoder_model_merged, options),
    );
  }

  /** Features of a tile, if they are known: `[tileTokens, hidden]`. */
  knownFeatures(picture: ProcessedPicture, tile: number, scope: CacheScope) {
    return this.#features.get(scope, tileDigests(picture)[tile] ?? '');
  }

  /** Features of a tile, `[tileTokens, hidden]`. Throws `model.invalidGraph` when there are too few or too many. */
  async encodeTile(
    picture: ProcessedPicture,
    tile: number,
    tileTokens: number,
    scope: CacheScope,
  ): Promise<Float32Array> {
    const { data, tokens, hidden } = await this.#vision.encodeTile(picture, tile);
    if (tokens !== tileTokens || hidden !== this.decoder.hidden) {
      throw new VistazoError(
        'model.invalidGraph',
        `The vision encoder gave ${tokens} × ${hidden} features where the decoder wants ${tileTokens} × ${this.decoder.hidden}; the graphs do not belong together.`,
      );
    }
    this.#features.set(scope, tileDigests(picture)[tile] ?? '', data);
    return data;
  }

  /** Embeddings of tokens, `[tokens, hidden]`. */
  embed(inputIds: readonly number[]): Promise<Float32Array> {
    return this.#embedder.embed(inputIds);
  }

  /** Drops all that was kept in the scope of this name. */
  forget(name: string): void {
    this.#features.forget(name);
  }

  async close(): Promise<void> {
    await Promise.all([this.#vision.close(), this.#embedder.close(), this.decoder.close()]);
  }
}
