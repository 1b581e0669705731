import { VistazoError } from '../../errors.js';
import type { ProcessedPicture } from '../family/image-layout.js';
import type { EmbeddingFamilyModel } from '../family/model-family.js';
import { openEmbeddingFamily } from '../family/registry.js';
import type { EmbeddingModelDescription } from '../files/embedding-folder.js';
import type { SessionOptions } from '../onnx/session.js';
import { sampleFeeds } from '../runner/sample-feeds.js';
import { VisionEncoder } from '../runner/vision-encoder.js';
import { neutralise } from '../tokenize/neutralise.js';
import { Tokenizer } from '../tokenize/tokenizer.js';
import { TextEncoder } from './text-encoder.js';

/** Texts that are encoded in one run. */
const maxRows = 16;

/** Gives texts and pictures vectors of length 1 in one space. */
export class DualEncoder {
  readonly #family: EmbeddingFamilyModel;
  readonly #tokenizer: Tokenizer;
  readonly #text: TextEncoder;
  readonly #vision: VisionEncoder;

  private constructor(
    { family, tokenizer }: EmbeddingModelDescription,
    text: TextEncoder,
    vision: VisionEncoder,
  ) {
    this.#family = openEmbeddingFamily(family);
    this.#tokenizer = Tokenizer.load(tokenizer);
    this.#text = text;
    this.#vision = vision;
  }

  /** Loads the graphs. Throws `model.invalidGraph`, `model.invalidConfig` or `model.outOfMemory`. */
  static async open(
    description: EmbeddingModelDescription,
    options: SessionOptions,
  ): Promise<DualEncoder> {
    const { images } = openEmbeddingFamily(description.family);
    const text = await TextEncoder.open(description.graphs.text, options);
    const vision = await VisionEncoder.open(description.graphs.vision, options, 'image_embeds');
    const feeds = sampleFeeds(images);
    if (feeds !== undefined) vision.requireFeeds(feeds);
    return new DualEncoder(description, text, vision);
  }

  /** Numbers of an embedding. */
  get dimensions(): number {
    return this.#text.dimensions;
  }

  /**
   * Ids of a text with those that begin and end it. A longer text is cut to as many as the model reads. Special
   * tokens in it are made plain text.
   */
  tokenise(text: string): number[] {
    const safe = neutralise(text, this.#tokenizer.specialTokens);
    const ids = this.#tokenizer.encode(safe, { addSpecialTokens: true });
    const { maxTextTokens } = this.#family;
    return ids.length <= maxTextTokens
      ? ids
      : [...ids.slice(0, maxTextTokens - 1), ...ids.slice(-1)];
  }

  /**
   * Embeddings of texts. Those of equal length run together, so that none needs filling. A thrown error of
   * `beforeRun` ends the work between two runs.
   */
  async embedTexts(texts: readonly string[], beforeRun: () => void): Promise<Float32Array[]> {
    const byLength = Map.groupBy(
      texts.map((text, index) => ({ index, ids: this.tokenise(text) })),
      ({ ids }) => ids.length,
    );
    const embeddings: Float32Array[] = [];
    for (const same of byLength.values()) {
      for (let start = 0; start < same.length; start += maxRows) {
        beforeRun();
        const rows = same.slice(start, start + maxRows);
        const found = await this.#text.encode(rows.map(({ ids }) => ids));
        for (const [row, { index }] of rows.entries()) embeddings[index] = unit(found[row]);
      }
    }
    return embeddings;
  }

  /** The embedding of a picture. Throws `model.invalidGraph`. */
  async embedPicture({ layout, pixels }: ProcessedPicture): Promise<Float32Array> {
    const [tile] = layout.tiles;
    const [bytes] = pixels;
    if (tile === undefined || bytes === undefined) {
      throw new VistazoError('internal', 'A picture without pixels was to be embedded.');
    }
    const { data, hidden } = await this.#vision.encode(this.#family.images.feeds(tile, bytes));
    if (hidden !== this.dimensions || data.length !== hidden) {
      throw new VistazoError(
        'model.invalidGraph',
        `Texts have ${this.dimensions} dimensions and pictures ${hidden}; the graphs do not belong together. Download the model again.`,
      );
    }
    return unit(data);
  }

  async close(): Promise<void> {
    await Promise.all([this.#text.close(), this.#vision.close()]);
  }
}

/** The vector of length 1 in the same direction. */
function unit(vector: Float32Array = new Float32Array()): Float32Array {
  const length = Math.hypot(...vector);
  return length === 0 ? vector.slice() : vector.map((value) => value / length);
}
