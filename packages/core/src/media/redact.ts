import sharp from 'sharp';
import { VistazoError } from '../errors.js';
import type { RgbImage } from '../image/resample.js';
import type { NormalisedPicture } from './decode.js';

/** A part of a picture in pixels, as people see it; what lies beyond the edges is cut off. */
export interface PixelRectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Of every part that is made unreadable. */
const grey = 0x60;

/**
 * The picture as a PNG without metadata and transparency, each rectangle filled with one grey. A fill leaves nothing of what was
 * there, where a blur or a mosaic can be undone for text, of which there are few and known shapes (S. Hill et al., "On the
 * (In)effectiveness of Mosaicing and Blurring as Tools for Document Redaction", 2016). Throws `option.invalid`
 * for a rectangle that is none, or that lies outside the picture.
 */
export async function redactPicture(
  image: RgbImage,
  rectangles: readonly PixelRectangle[],
): Promise<NormalisedPicture> {
  const { widthPx, heightPx } = image;
  const data = Buffer.from(image.data);
  for (const rectangle of rectangles) fill(data, image, checked(rectangle, image));
  const bytes = await sharp(data, { raw: { width: widthPx, height: heightPx, channels: 3 } })
    .png({ compressionLevel: 2 })
    .toBuffer();
  return { mediaType: 'image/png', widthPx, heightPx, frames: 1, bytes };
}

/** Whole pixels: one that is touched is covered. */
interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

function checked(rectangle: PixelRectangle, { widthPx, heightPx }: RgbImage): Box {
  const { x, y, width, height } = rectangle;
  const box = {
    left: Math.max(0, Math.floor(x)),
    top: Math.max(0, Math.floor(y)),
    right: Math.min(widthPx, Math.ceil(x + width)),
    bottom: Math.min(heightPx, Math.ceil(y + height)),
  };
  const isOne = width > 0 && height > 0 && box.left < box.right && box.top < box.bottom;
  if (isOne) return box;
  throw new VistazoError(
    'option.invalid',
    `The rectangle ${[x, y, width, height].join(',')} covers nothing of a picture of ${widthPx} × ${heightPx}; give x,y,width,height in pixels from its upper left corner.`,
  );
}

function fill(data: Uint8Array, { widthPx }: RgbImage, { left, top, right, bottom }: Box): void {
  for (let y = top; y < bottom; y += 1)
    data.fill(grey, 3 * (y * widthPx + left), 3 * (y * widthPx + right));
}
