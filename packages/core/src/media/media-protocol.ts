import type { ErrorCode } from '../errors.js';
import type { ProcessedPicture, TileBudget } from '../inference/family/image-layout.js';
import type { EmbeddingFamilyConfig, FamilyConfig } from '../inference/family/registry.js';
import type { EncodedPicture, NormalisedPicture, PictureInfo } from './decode.js';
import type { RenderedPages } from './pdf/render-pages.js';
import type { PictureLimits } from './picture-limits.js';
import type { PixelRectangle } from './redact.js';

/** How pictures are made ready for a model. */
export interface PrepareOptions {
  family: FamilyConfig | EmbeddingFamilyConfig;
  budget: TileBudget;
  /** Most frames of an animation, ≥ 1. */
  maxFrames: number;
}

/** What the media process is asked to do with the bytes of a file. */
export type MediaTask =
  | { type: 'inspect' }
  | { type: 'encode'; maxFrames: number; longestEdgePx: number }
  | ({ type: 'prepare' } & PrepareOptions)
  | { type: 'normalise' }
  | { type: 'hash' }
  | { type: 'redact'; rectangles: readonly PixelRectangle[] }
  | { type: 'pages'; maxPages: number };

/** What the media process gives back for each task. */
export interface MediaResults {
  inspect: PictureInfo;
  encode: EncodedPicture[];
  prepare: ProcessedPicture[];
  normalise: NormalisedPicture;
  hash: string;
  redact: NormalisedPicture;
  pages: RenderedPages;
}

/** A task on its way to the media process. */
export interface MediaRequest {
  id: number;
  bytes: Uint8Array;
  limits: PictureLimits;
  task: MediaTask;
}

/** The answer of the media process. */
export type MediaReply = {
  id: number;
  /** Whether the process should be replaced: it holds much memory, or work that cannot be stopped. */
  isWornOut: boolean;
} & (
  | { result: MediaResults[keyof MediaResults] }
  /** `again`: a new process may have room for it. */
  | { error: { code: ErrorCode; message: string }; again?: boolean }
);
