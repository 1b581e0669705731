import type { CacheScope } from '../../cache-scopes.js';
import { VistazoError } from '../../errors.js';
import { ScopedCache } from '../../scoped-cache.js';
import type { ProcessedPicture } from '../family/image-layout.js';
import type { FamilyModel } from '../family/model-family.js';
import type { GraphFiles } from '../files/model-files.js';
import type { SessionOptions } from '../onnx/session.js';
import { Decoder } from './decoder.js';
import { Embedder } from './embedder.js';
import { tileDigests } from './picture-digest.js';
import { sampleFeeds } from './sample-feeds.js';
import { VisionEncoder } from './vision-encoder.js';

const maxFeatureBytes = 64 * 2 ** 20;

interface Graphs {
  vision: VisionEncoder | undefined;
  embedder: Embedder | undefined;
  decoder: Decoder;
}

/** Runs the graphs of a model. Features of tiles are kept by their content, within their scope. */
export class ModelRunner {
  readonly decoder: Decoder;
  readonly #family: FamilyModel;
  readonly #graphs: Graphs;
  readonly #features = new ScopedCache<Float32Array>(maxFeatureBytes, (data) => data.byteLength);

  private constructor(family: FamilyModel, graphs: Graphs) {
    this.decoder = graphs.decoder;
    this.#family = family;
    this.#graphs = graphs;
  }

  /** Loads the graphs. Throws `model.invalidGraph` or `model.outOfMemory`. */
  static async open(
    { paths }: GraphFiles,
    family: FamilyModel,
    options: SessionOptions,
  ): Promise<ModelRunner> {
    const vision =
      paths.vision === undefined ? undefined : await openVision(paths.vision, family, options);
    const embedder =
      paths.embed === undefined ? undefined : await Embedder.open(paths.embed, options);
    const decoder = await Decoder.open(paths.decoder, options);
    if (embedder === undefined && decoder.hidden !== undefined) {
      throw new VistazoError(
        'model.invalidGraph',
        'The decoder takes embeddings, but there is no graph that makes them of token ids; download the model again.',
      );
    }
    return new ModelRunner(family, { vision, embedder, decoder });
  }

  /** Features of a tile, if they are known: `[imageTokens, hidden]`. */
  knownFeatures(
    picture: ProcessedPicture,
    tile: number,
    scope: CacheScope,
  ): Float32Array | undefined {
    return this.#features.get(scope, tileDigests(picture)[tile] ?? '');
  }

  /** Features of a tile, `[imageTokens, hidden]`. Throws `model.invalidGraph` when there are too few or too many. */
  async encodeTile(
    picture: ProcessedPicture,
    index: number,
    scope: CacheScope,
  ): Promise<Float32Array> {
    const tile = picture.layout.tiles[index];
    const pixels = picture.pixels[index];
    const { images } = this.#family;
    const { vision } = this.#graphs;
    if (
      tile === undefined ||
      pixels === undefined ||
      vision === undefined ||
      images === undefined
    ) {
      throw new VistazoError('internal', 'A tile that is not there was to be encoded.');
    }
    const { data, tokens, hidden } = await vision.encode(images.feeds(tile, pixels));
    if (tokens !== tile.imageTokens || hidden !== this.decoder.hidden) {
      throw new VistazoError(
        'model.invalidGraph',
        `The vision encoder gave ${tokens} × ${hidden} features where the decoder wants ${tile.imageTokens} × ${this.decoder.hidden}; the graphs do not belong together.`,
      );
    }
    this.#features.set(scope, tileDigests(picture)[index] ?? '', data);
    return data;
  }

  /** How long one tile takes, in milliseconds; undefined for a model without eyes. */
  async measureTile(): Promise<number | undefined> {
    const feeds = this.#family.images && sampleFeeds(this.#family.images);
    if (feeds === undefined || this.#graphs.vision === undefined) return undefined;
    const startedAt = performance.now();
    await this.#graphs.vision.encode(feeds);
    return performance.now() - startedAt;
  }

  /** Embeddings of tokens, `[tokens, hidden]`; undefined where the decoder takes the ids themselves. */
  async embed(inputIds: readonly number[]): Promise<Float32Array | undefined> {
    return this.#graphs.embedder?.embed(inputIds);
  }

  /** Drops all that was kept in the scope of this name. */
  forget(name: string): void {
    this.#features.forget(name);
  }

  async close(): Promise<void> {
    const { vision, embedder, decoder } = this.#graphs;
    await Promise.all([vision?.close(), embedder?.close(), decoder.close()]);
  }
}

async function openVision(
  path: string,
  { images }: FamilyModel,
  options: SessionOptions,
): Promise<VisionEncoder | undefined> {
  if (images === undefined) return undefined;
  const vision = await VisionEncoder.open(path, options);
  const feeds = sampleFeeds(images);
  if (feeds !== undefined) vision.requireFeeds(feeds);
  return vision;
}
