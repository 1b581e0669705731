import { VistazoError } from '../../../errors.js';
import { type RgbImage, resample } from '../../../image/resample.js';
import type { ImageLayout, PixelSize, TileBudget } from '../image-layout.js';
import type { FeedTensor } from '../model-family.js';
import { toPixelValues } from '../pixel-values.js';
import type { Qwen2VlImageConfig } from './read-config.js';

/** Image tokens that a tile of a budget stands for: the family cuts no tiles. */
const tokensPerTile = 256;

/** A longer side may be at most so many times the shorter one. */
const maxAspect = 200;

/**
 * A picture as one tile, in a size near its own. A budget below `full` bounds its pixels: to 256 image
 * tokens for each tile. Throws `picture.unsupported` for one that is 200 times as long as wide.
 */
export function layoutOf(
  { widthPx, heightPx }: PixelSize,
  config: Qwen2VlImageConfig,
  budget: TileBudget,
): ImageLayout {
  const factor = factorOf(config);
  const size = smartResize({ widthPx, heightPx }, boundsOf(config, budget));
  const imageTokens = (size.widthPx / factor) * (size.heightPx / factor);
  return { widthPx, heightPx, tiles: [{ place: 'whole', ...size, imageTokens }] };
}

/** The side of the square of pixels that becomes one token. */
function factorOf({ patchPx, mergeSize }: Qwen2VlImageConfig): number {
  return patchPx * mergeSize;
}

function boundsOf(config: Qwen2VlImageConfig, budget: TileBudget): ResizeBounds {
  const { minPixels, maxPixels } = config;
  const factor = factorOf(config);
  if (budget === 'full') return { factor, minPixels, maxPixels };
  const most = (budget === 'fast' ? 1 : budget) * tokensPerTile * factor ** 2;
  return {
    factor,
    minPixels: Math.min(minPixels, most),
    maxPixels: Math.min(maxPixels, most),
  };
}

interface ResizeBounds {
  /** Both sides become multiples of it. */
  factor: number;
  minPixels: number;
  maxPixels: number;
}

/** `smart_resize` of the reference. Source: transformers `models/qwen2_vl/image_processing_pil_qwen2_vl.py`. */
export function smartResize(
  { widthPx, heightPx }: PixelSize,
  { factor, minPixels, maxPixels }: ResizeBounds,
): PixelSize {
  if (Math.max(widthPx, heightPx) / Math.min(widthPx, heightPx) > maxAspect) {
    throw new VistazoError(
      'picture.unsupported',
      `The picture of ${widthPx} × ${heightPx} pixels is too long and narrow for this model: a side may be at most ${maxAspect} times the other. Cut it into pieces.`,
    );
  }
  const near = (side: number) => roundHalfToEven(side / factor) * factor;
  const pixels = near(widthPx) * near(heightPx);
  if (pixels > maxPixels) {
    const beta = Math.sqrt((heightPx * widthPx) / maxPixels);
    const below = (side: number) => Math.max(factor, Math.floor(side / beta / factor) * factor);
    return { widthPx: below(widthPx), heightPx: below(heightPx) };
  }
  if (pixels < minPixels) {
    const beta = Math.sqrt(minPixels / (heightPx * widthPx));
    const above = (side: number) => Math.ceil((side * beta) / factor) * factor;
    return { widthPx: above(widthPx), heightPx: above(heightPx) };
  }
  return { widthPx: near(widthPx), heightPx: near(heightPx) };
}

/** Python's `round`. */
function roundHalfToEven(value: number): number {
  const down = Math.floor(value);
  if (value - down !== 0.5) return Math.round(value);
  return down % 2 === 0 ? down : down + 1;
}

/**
 * The pixels of the one tile, as `Qwen2VLImageProcessorPil` of Python transformers makes them, byte for
 * byte from the same decoded pixels.
 */
export function processPicture(image: RgbImage, { tiles }: ImageLayout): Uint8Array[] {
  return tiles.map(({ widthPx, heightPx }) => resample(image, widthPx, heightPx, 'bicubic').data);
}

/**
 * `pixelValues` `[patches, channels × frames × patchPx × patchPx]`: patches that become one token stand
 * together, in rows, as do the tokens.
 */
export function patchesOf(
  pixels: Uint8Array,
  { widthPx, heightPx }: PixelSize,
  config: Qwen2VlImageConfig,
): FeedTensor {
  const { patchPx, temporalPatch: frames, mergeSize } = config;
  const planes = toPixelValues(pixels, config);
  const columns = widthPx / patchPx;
  const rows = heightPx / patchPx;
  const numbers = 3 * frames * patchPx * patchPx;
  const data = new Float32Array(rows * columns * numbers);
  let at = 0;
  for (const { row, column } of patchOrder(rows, columns, mergeSize)) {
    for (let channel = 0; channel < 3; channel += 1) {
      const frameAt = at;
      for (let y = 0; y < patchPx; y += 1) {
        const start = (channel * heightPx + row * patchPx + y) * widthPx + column * patchPx;
        data.set(planes.subarray(start, start + patchPx), at);
        at += patchPx;
      }
      // A picture stands still: each frame of the patch is the same.
      for (let frame = 1; frame < frames; frame += 1) {
        data.copyWithin(at, frameAt, frameAt + patchPx * patchPx);
        at += patchPx * patchPx;
      }
    }
  }
  return { type: 'float32', data, shape: [rows * columns, numbers] };
}

/** Blocks of `merge` × `merge` patches in rows, and the patches of each in rows. */
function* patchOrder(
  rows: number,
  columns: number,
  merge: number,
): Generator<{ row: number; column: number }> {
  for (let top = 0; top < rows; top += merge) {
    for (let left = 0; left < columns; left += merge) {
      for (let index = 0; index < merge * merge; index += 1) {
        yield { row: top + Math.floor(index / merge), column: left + (index % merge) };
      }
    }
  }
}
