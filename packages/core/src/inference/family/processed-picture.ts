import type { RgbImage } from '../../image/resample.js';

/** How a picture is cut into tiles. */
export interface TilePlan {
  /** Tile grid without the global image; 0 × 0 when the picture is not split. */
  gridRows: number;
  gridColumns: number;
  /** All tiles in order, rows first, the global image last. */
  tiles: number;
  tileWidthPx: number;
  tileHeightPx: number;
}

/** A picture made ready for the vision encoder, eight bits a channel. */
export interface ProcessedPicture extends TilePlan {
  /** Size of the picture as people see it. */
  widthPx: number;
  heightPx: number;
  /** `[tiles, tileHeight, tileWidth, 3]` */
  pixels: Uint8Array;
}

/** Scale and shift that make `pixelValues` of bytes, one entry a channel. */
export interface PixelScaling {
  rescaleFactor: number;
  mean: readonly number[];
  std: readonly number[];
}

/** Makes tiles of pictures as a family of models wants them. */
export interface ImageProcessor {
  /** The tiles of a picture of this size, without making them. */
  plan(widthPx: number, heightPx: number): TilePlan;
  process(image: RgbImage): ProcessedPicture;
  readonly scaling: PixelScaling;
}
