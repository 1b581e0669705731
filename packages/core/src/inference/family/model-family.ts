import type { RgbImage } from '../../image/resample.js';
import type { TemplateMessage } from '../tokenize/chat-template.js';
import type { ImageLayout, ImageTile, PixelSize, TileBudget } from './image-layout.js';

/** What a family reads of a model folder, parsed; undefined where a file is not there. */
export interface FamilyFiles {
  /** `config.json` */
  config: object;
  /** `preprocessor_config.json` */
  preprocessor: object | undefined;
  /** `processor_config.json` */
  processor: object | undefined;
}

/** The files of a tokenizer in parts, where `tokenizer.json` is not there. */
export interface TokenizerParts {
  /** `vocab.json`: ids by tokens. */
  vocabulary: object;
  /** The text of `merges.txt`. */
  merges: string;
  /** `tokenizer_config.json` */
  config: object;
}

/** What all families say of a model. */
export interface FamilyFacts {
  /** Most tokens of prompt and answer together. */
  contextLengthTokens: number;
  /** Heads of the decoder's attention, where the files say how many. */
  attentionHeads: number | undefined;
}

/** The graphs of a model by what they do; a family names those that it needs. */
export type GraphRole = 'vision' | 'text' | 'embed' | 'decoder';

/** A tensor that a graph takes. A graph with 16-bit floats gets `float32` ones rounded. */
export interface FeedTensor {
  type: 'float32' | 'int64' | 'bool';
  data: Float32Array | BigInt64Array | Uint8Array;
  shape: readonly number[];
}

/** Tensors by the names that graphs give them. A graph takes those that it knows. */
export type TensorFeeds = Readonly<Record<string, FeedTensor>>;

/**
 * Positions of the tokens of a prompt. Text has one axis, `[tokens]`; some families place the tokens of
 * a picture by time, row and column, `[3, tokens]`. Tokens of the answer follow at `next` on all axes.
 */
export interface PromptPositions {
  axes: number;
  /** `[axes, tokens]` */
  ids: Int32Array;
  next: number;
}

/** A video of a message. */
export interface VideoFrames {
  frames: number;
  /** When each frame is shown, in milliseconds from the beginning; undefined where that is not known. */
  atMs: readonly number[] | undefined;
  durationMs: number | undefined;
}

/** How a model sees videos, where they are more than pictures one after the other. */
export interface VideoFamily {
  /** Tiles of one frame. */
  readonly budget: TileBudget;
  /** What stands in a message for a video: an `image` for each frame, and text around them. */
  parts(video: VideoFrames): TemplateMessage['content'];
}

/** How pictures become inputs of a vision encoder. */
export interface ImageProcessor {
  /** How a picture of this size is cut, without looking at it. */
  layout(size: PixelSize, budget: TileBudget): ImageLayout;
  /** The pixels of each tile of a layout, `[heightPx, widthPx, 3]`. */
  process(image: RgbImage, layout: ImageLayout): Uint8Array[];
  /** What the vision encoder takes for a tile. `pixels` are `[heightPx, widthPx, 3]`. */
  feeds(tile: ImageTile, pixels: Uint8Array): TensorFeeds;
}

/** How a model sees that reads pictures in its prompt. */
export interface ImageFamily extends ImageProcessor {
  /** The token whose embeddings are replaced by features of pictures. */
  readonly imageTokenId: number;
  /** Puts the tokens of pictures where the template put their placeholders. Throws `model.invalidConfig`. */
  expand(prompt: string, layouts: readonly ImageLayout[]): string;
  /** What {@link expand} puts into the prompt for a picture. */
  imagePrompt(layout: ImageLayout): string;
  /** Undefined where the frames of a video are pictures like others. */
  readonly videos?: VideoFamily;
}

/** A family with the configuration of one model. */
export interface FamilyModel {
  /** Undefined for a model without eyes. */
  readonly images: ImageFamily | undefined;
  /** The graphs that it needs. */
  readonly graphs: readonly GraphRole[];
  /** Special tokens that end an answer besides those of `generation_config.json`. */
  readonly stopTokens: readonly string[];
  /**
   * Whether the tokenizer's begin token stands before a prompt whose template did not write it. Python's
   * processors put it there, its tokenizers do not. Default: false.
   */
  readonly addsBeginToken?: boolean;
  /**
   * Words with which the template begins turns, where no special token does. In what people write they
   * are made plain text, so that nobody forges a turn. Default: none.
   */
  readonly turnMarkers?: readonly string[];
  /** Positions of a prompt; undefined where they count from 0. */
  positions?(inputIds: readonly number[], layouts: readonly ImageLayout[]): PromptPositions;
  /** Makes `tokenizer.json` of its parts; undefined where models of the family always come with it. */
  readonly assembleTokenizer?: (parts: TokenizerParts) => object;
}

/** All that is known of one kind of model. `C` is what it keeps of a model's files: plain data. */
export interface ModelFamily<C> {
  /** The values of `model_type` in `config.json` that it answers to. */
  readonly modelTypes: readonly string[];
  /**
   * Reads the files of a model. It is imported apart, so that processes that only compute need not load a
   * schema library. Throws `model.invalidConfig` or `model.unsupported`.
   */
  read(files: FamilyFiles): Promise<{ facts: FamilyFacts; config: C }>;
  /** Binds the family to a model. */
  open(config: C): FamilyModel;
}

/** A family without a decoder, with the configuration of one model. */
export interface EmbeddingFamilyModel {
  readonly images: ImageProcessor;
  /** Most tokens of a text, those that begin and end it among them. */
  readonly maxTextTokens: number;
}

/**
 * All that is known of one kind of model that gives texts and pictures vectors in one space, and writes
 * nothing. `C` is what it keeps of a model's files: plain data.
 */
export interface EmbeddingFamily<C> {
  /** The values of `model_type` in `config.json` that it answers to. */
  readonly modelTypes: readonly string[];
  /** Like that of {@link ModelFamily}. Throws `model.invalidConfig` or `model.unsupported`. */
  read(files: FamilyFiles): Promise<C>;
  /** Binds the family to a model. */
  open(config: C): EmbeddingFamilyModel;
}
