import sharp from 'sharp';
import type { RgbImage } from '../image/resample.js';

/** Side of the hash in bits. */
const side = 8;
/** Side in pixels of the picture that it is made of. */
const sidePx = 32;

/** `side` × `sidePx`: the lowest frequencies of a DCT-II. */
const cosines = Array.from({ length: side }, (_, frequency) =>
  Array.from({ length: sidePx }, (_, x) => Math.cos((Math.PI / sidePx) * (x + 0.5) * frequency)),
);

/**
 * The perceptual hash of a picture, 64 bits as 16 hexadecimal digits: the picture in grey, 32 × 32 pixels;
 * the 8 × 8 lowest frequencies of its DCT; a bit for each that is above their median. Pictures that look
 * alike have hashes that differ in few bits. Source: pHash, C. Zauner, "Implementation and Benchmarking of
 * Perceptual Image Hash Functions", 2010, section 3.2.1, with the frequencies that the `imagehash` of Python takes.
 */
export async function perceptualHash({ data, widthPx, heightPx }: RgbImage): Promise<string> {
  const grey = await sharp(data, { raw: { width: widthPx, height: heightPx, channels: 3 } })
    .greyscale()
    .resize(sidePx, sidePx, { fit: 'fill' })
    .raw()
    .toBuffer();
  const frequencies = lowFrequencies(grey);
  const sorted = frequencies.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
  const bits = frequencies.map((each) => (each > median ? '1' : '0')).join('');
  return BigInt(`0b${bits}`).toString(16).padStart(16, '0');
}

function lowFrequencies(grey: Uint8Array): number[] {
  const rows = Array.from({ length: sidePx }, (_, y) =>
    cosines.map((cosine) => sumOf(cosine, (x) => grey[y * sidePx + x] as number)),
  );
  return cosines.flatMap((cosine) =>
    cosines.map((_, frequency) => sumOf(cosine, (y) => rows[y]?.[frequency] as number)),
  );
}

function sumOf(weights: readonly number[], valueAt: (index: number) => number): number {
  return weights.reduce((sum, weight, index) => sum + weight * valueAt(index), 0);
}
