import {
  pillowFilters,
  type ResampleFilter,
  type RgbImage,
  resample,
} from '../../../image/resample.js';
import type { ImageLayout, ImageTile, PixelSize, TileBudget } from '../image-layout.js';
import { gridOf } from '../image-layout.js';
import type { Idefics3ImageConfig } from './read-config.js';

/** The reference's bound on any side, `MAX_IMAGE_SIZE`. */
const maxSidePx = 4096;

/** Rows and columns of tiles; 0 × 0 where a picture is not cut. */
interface Grid {
  rows: number;
  columns: number;
}

/**
 * The tiles of a picture: those of the reference with the budget `full`. A smaller budget scales the
 * picture down to fewer tiles, as if `size.longest_edge` of the configuration were less.
 */
export function layoutOf(
  size: PixelSize,
  config: Idefics3ImageConfig,
  { imageTokens, budget }: { imageTokens: number; budget: TileBudget },
): ImageLayout {
  const tilePx = config.max_image_size.longest_edge;
  const { rows, columns } = gridWithin(size, config, budget);
  const tile = (place: ImageTile['place']): ImageTile => ({
    place,
    widthPx: tilePx,
    heightPx: tilePx,
    imageTokens,
  });
  const cut = Array.from({ length: rows * columns }, (_, index) =>
    tile({ row: Math.floor(index / columns), column: index % columns }),
  );
  return { widthPx: size.widthPx, heightPx: size.heightPx, tiles: [...cut, tile('whole')] };
}

function gridWithin(size: PixelSize, config: Idefics3ImageConfig, budget: TileBudget): Grid {
  if (budget === 'full') return gridAt(size, config);
  const maxTiles = budget === 'fast' ? 1 : budget;
  for (const each of scaledDown(config)) {
    const grid = gridAt(size, each);
    if (grid.rows * grid.columns + 1 <= maxTiles) return grid;
  }
  return { rows: 0, columns: 0 };
}

/** The configuration, and then those that make pictures smaller by one tile after the other. */
function* scaledDown(config: Idefics3ImageConfig): Generator<Idefics3ImageConfig> {
  yield config;
  if (!config.do_resize) return;
  const tilePx = config.max_image_size.longest_edge;
  const most = Math.ceil(config.size.longest_edge / tilePx) - 1;
  for (let tiles = most; tiles >= 1; tiles -= 1) {
    yield { ...config, size: { longest_edge: tiles * tilePx } };
  }
}

/**
 * The pixels of each tile, as `Idefics3ImageProcessorPil` of Python transformers makes them, byte for
 * byte from the same decoded pixels. Source: transformers `models/idefics3/image_processing_pil_idefics3.py`.
 */
export function processPicture(
  image: RgbImage,
  layout: ImageLayout,
  config: Idefics3ImageConfig,
): Uint8Array[] {
  const filter: ResampleFilter = pillowFilters[config.resample] ?? 'lanczos';
  const own = configOf(image, gridOf(layout), config);
  const resized = own.do_resize ? resizeTo(image, longestEdgeSize(own, image), filter) : image;
  const whole = resizeTo(resized, sizeBeforeSplit(own, image), filter);
  const tilePx = own.max_image_size.longest_edge;
  return layout.tiles.map(({ place }) => {
    if (place !== 'whole') return tileOf(whole, place, tilePx);
    return layout.tiles.length === 1 ? whole.data : resample(whole, tilePx, tilePx, filter).data;
  });
}

/** The configuration that gives this grid. */
function configOf(size: PixelSize, wanted: Grid, config: Idefics3ImageConfig): Idefics3ImageConfig {
  for (const each of scaledDown(config)) {
    const { rows, columns } = gridAt(size, each);
    if (rows === wanted.rows && columns === wanted.columns) return each;
  }
  return { ...config, do_image_splitting: false };
}

function gridAt(size: PixelSize, config: Idefics3ImageConfig): Grid {
  const tilePx = config.max_image_size.longest_edge;
  const { widthPx, heightPx } = sizeBeforeSplit(config, size);
  const isSplit = config.do_image_splitting && (widthPx > tilePx || heightPx > tilePx);
  if (!isSplit) return { rows: 0, columns: 0 };
  return {
    rows: Math.floor((heightPx - tilePx) / tilePx) + 1,
    columns: Math.floor((widthPx - tilePx) / tilePx) + 1,
  };
}

function tileOf(
  from: RgbImage,
  { row, column }: { row: number; column: number },
  tilePx: number,
): Uint8Array {
  const rowBytes = tilePx * 3;
  const pixels = new Uint8Array(tilePx * rowBytes);
  for (let y = 0; y < tilePx; y += 1) {
    const start = ((row * tilePx + y) * from.widthPx + column * tilePx) * 3;
    pixels.set(from.data.subarray(start, start + rowBytes), y * rowBytes);
  }
  return pixels;
}

function resizeTo(
  image: RgbImage,
  { widthPx, heightPx }: PixelSize,
  filter: ResampleFilter,
): RgbImage {
  return resample(image, widthPx, heightPx, filter);
}

/** `get_resize_output_image_size` of the reference. */
function longestEdgeSize(
  { size }: Idefics3ImageConfig,
  { widthPx, heightPx }: PixelSize,
): PixelSize {
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
function belowUpperBound({ widthPx, heightPx }: PixelSize): PixelSize {
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
function sizeBeforeSplit(config: Idefics3ImageConfig, source: PixelSize): PixelSize {
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
