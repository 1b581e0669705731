import { type ResampleFilter, type RgbImage, resample } from '../../../image/resample.js';
import type { ImageProcessor, ProcessedPicture, TilePlan } from '../processed-picture.js';
import type { Idefics3ImageConfig } from './image-config.js';

/** Pillow's numbers for its filters, as `resample` in a configuration file. */
const filters = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'] as const;

interface Size {
  widthPx: number;
  heightPx: number;
}

/** The reference's bound on any side, `MAX_IMAGE_SIZE`. */
const maxSidePx = 4096;

/**
 * Tiles as `Idefics3ImageProcessorPil` of Python transformers makes them, byte for byte from the
 * same decoded pixels. Source: transformers `models/idefics3/image_processing_pil_idefics3.py`.
 */
export function createIdefics3ImageProcessor(config: Idefics3ImageConfig): ImageProcessor {
  const filter: ResampleFilter = filters[config.resample] ?? 'lanczos';
  const tilePx = config.max_image_size.longest_edge;
  const plan = (widthPx: number, heightPx: number): TilePlan =>
    planOf(sizeBeforeSplit(config, { widthPx, heightPx }), config);
  return {
    plan,
    scaling: {
      rescaleFactor: config.rescale_factor,
      mean: config.image_mean,
      std: config.image_std,
    },
    process(image) {
      const { widthPx, heightPx } = image;
      const resized = config.do_resize
        ? resizeTo(image, longestEdgeSize(config, image), filter)
        : image;
      const whole = resizeTo(resized, sizeBeforeSplit(config, image), filter);
      const tilePlan = planOf(whole, config);
      const pixels = tilePlan.gridRows === 0 ? whole.data : split(whole, tilePlan, tilePx, filter);
      return { ...tilePlan, widthPx, heightPx, pixels } satisfies ProcessedPicture;
    },
  };
}

function resizeTo(image: RgbImage, { widthPx, heightPx }: Size, filter: ResampleFilter): RgbImage {
  return resample(image, widthPx, heightPx, filter);
}

/** `get_resize_output_image_size` of the reference. */
function longestEdgeSize({ size }: Idefics3ImageConfig, { widthPx, heightPx }: Size): Size {
  const longestEdgePx = size.longest_edge;
  const aspect = widthPx / heightPx;
  const even = (length: number) => Math.trunc(length) + (Math.trunc(length) % 2);
  const scaled =
    widthPx >= heightPx
      ? { widthPx: longestEdgePx, heightPx: Math.max(1, even(longestEdgePx / aspect)) }
      : { widthPx: Math.max(1, even(longestEdgePx * aspect)), heightPx: longestEdgePx };
  return belowUpperBound(scaled);
}

/** `_resize_output_size_scale_below_upper_bound` of the reference. */
function belowUpperBound({ widthPx, heightPx }: Size): Size {
  const aspect = widthPx / heightPx;
  if (widthPx >= heightPx && widthPx > maxSidePx) {
    return { widthPx: maxSidePx, heightPx: Math.max(1, Math.trunc(maxSidePx / aspect)) };
  }
  if (heightPx > widthPx && heightPx > maxSidePx) {
    return { widthPx: Math.max(1, Math.trunc(maxSidePx * aspect)), heightPx: maxSidePx };
  }
  return { widthPx, heightPx };
}

/** The size that is cut into tiles: whole multiples of the tile, or one square tile. */
function sizeBeforeSplit(config: Idefics3ImageConfig, source: Size): Size {
  const tilePx = config.max_image_size.longest_edge;
  if (!config.do_image_splitting) return { widthPx: tilePx, heightPx: tilePx };
  const { widthPx, heightPx } = config.do_resize ? longestEdgeSize(config, source) : source;
  const aspect = widthPx / heightPx;
  const multiple = (length: number) => Math.ceil(length / tilePx) * tilePx;
  if (widthPx >= heightPx) {
    const width = multiple(widthPx);
    return { widthPx: width, heightPx: multiple(Math.trunc(width / aspect)) };
  }
  const height = multiple(heightPx);
  return { widthPx: multiple(Math.trunc(height * aspect)), heightPx: height };
}

function planOf({ widthPx, heightPx }: Size, config: Idefics3ImageConfig): TilePlan {
  const tilePx = config.max_image_size.longest_edge;
  const isSplit = config.do_image_splitting && (widthPx > tilePx || heightPx > tilePx);
  const gridRows = isSplit ? Math.floor((heightPx - tilePx) / tilePx) + 1 : 0;
  const gridColumns = isSplit ? Math.floor((widthPx - tilePx) / tilePx) + 1 : 0;
  return {
    gridRows,
    gridColumns,
    tiles: gridRows * gridColumns + 1,
    tileWidthPx: tilePx,
    tileHeightPx: tilePx,
  };
}

function split(
  whole: RgbImage,
  plan: TilePlan,
  tilePx: number,
  filter: ResampleFilter,
): Uint8Array {
  const tileBytes = tilePx * tilePx * 3;
  const pixels = new Uint8Array(plan.tiles * tileBytes);
  for (let tile = 0; tile < plan.tiles - 1; tile += 1) {
    const top = Math.floor(tile / plan.gridColumns) * tilePx;
    const left = (tile % plan.gridColumns) * tilePx;
    copyTile(whole, left, top, tilePx, pixels.subarray(tile * tileBytes));
  }
  pixels.set(resample(whole, tilePx, tilePx, filter).data, (plan.tiles - 1) * tileBytes);
  return pixels;
}

function copyTile(from: RgbImage, left: number, top: number, tilePx: number, to: Uint8Array): void {
  const rowBytes = tilePx * 3;
  for (let y = 0; y < tilePx; y += 1) {
    const start = ((top + y) * from.widthPx + left) * 3;
    to.set(from.data.subarray(start, start + rowBytes), y * rowBytes);
  }
}
