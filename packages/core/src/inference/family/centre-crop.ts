import { type ResampleFilter, type RgbImage, resample } from '../../image/resample.js';
import type { PixelSize } from './image-layout.js';
import type { ImageProcessor } from './model-family.js';
import { type PixelScaling, toPixelValues } from './pixel-values.js';

/** How a picture becomes one input of fixed size: it is resized, and its centre is kept. */
export interface CentreCropConfig {
  filter: ResampleFilter;
  /** To this size, or so that the shorter side has so many pixels. */
  resize: PixelSize | { shortestEdgePx: number };
  /** The size of the centre. Where the resized picture is smaller, black surrounds it. */
  crop: PixelSize;
  scaling: PixelScaling;
}

/** Sees the centre of each picture, once, as `imageTokens` tokens of a prompt. */
export function centreCropImages(config: CentreCropConfig, imageTokens: number): ImageProcessor {
  return {
    layout: ({ widthPx, heightPx }) => ({
      widthPx,
      heightPx,
      tiles: [{ place: 'whole', ...config.crop, imageTokens }],
    }),
    process: (picture) => [centreCrop(picture, config)],
    feeds: ({ widthPx, heightPx }, pixels) => ({
      pixel_values: {
        type: 'float32',
        data: toPixelValues(pixels, config.scaling),
        shape: [1, 3, heightPx, widthPx],
      },
    }),
  };
}

/**
 * Pixels of the centre of a resized picture, `[heightPx, widthPx, 3]`, as Python transformers makes them,
 * byte for byte. Only the centre is made, so that a very long picture costs no more than another one.
 * Source: transformers `image_transforms.py`, `get_resize_output_image_size` and `center_crop`.
 */
export function centreCrop(
  image: RgbImage,
  { filter, resize, crop }: CentreCropConfig,
): Uint8Array<ArrayBufferLike> {
  const { widthPx, heightPx } = resizedSize(image, resize);
  const across = overlap(widthPx, crop.widthPx);
  const down = overlap(heightPx, crop.heightPx);
  const centre = resample(image, widthPx, heightPx, filter, {
    leftPx: across.from,
    topPx: down.from,
    widthPx: across.length,
    heightPx: down.length,
  });
  if (across.length === crop.widthPx && down.length === crop.heightPx) return centre.data;
  const framed = new Uint8Array(crop.widthPx * crop.heightPx * 3);
  const rowBytes = across.length * 3;
  for (let y = 0; y < down.length; y += 1) {
    const row = centre.data.subarray(y * rowBytes, (y + 1) * rowBytes);
    framed.set(row, ((down.to + y) * crop.widthPx + across.to) * 3);
  }
  return framed;
}

/** The part of an axis that a centre of `wanted` pixels shows of `there`, and where in it that part begins. */
function overlap(there: number, wanted: number): { from: number; to: number; length: number } {
  const start = Math.floor((there - wanted) / 2);
  return start >= 0
    ? { from: start, to: 0, length: wanted }
    : { from: 0, to: -start, length: Math.min(there, wanted) };
}

function resizedSize(
  { widthPx, heightPx }: PixelSize,
  resize: CentreCropConfig['resize'],
): PixelSize {
  if ('widthPx' in resize) return resize;
  const { shortestEdgePx: short } = resize;
  return widthPx <= heightPx
    ? { widthPx: short, heightPx: Math.trunc((short * heightPx) / widthPx) }
    : { widthPx: Math.trunc((short * widthPx) / heightPx), heightPx: short };
}
