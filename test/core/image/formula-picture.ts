import type { RgbImage } from '../../../packages/core/src/image/resample.ts';

/** The twin of `picture` in test/reference/make_image_vectors.py. */
export function formulaPicture(widthPx: number, heightPx: number): RgbImage {
  const data = new Uint8Array(widthPx * heightPx * 3);
  for (let i = 0; i < data.length; i += 1) {
    data[i] = i % 2 === 0 ? noise(i) : edge(Math.floor(i / 3), widthPx);
  }
  return { widthPx, heightPx, data };
}

function noise(i: number): number {
  // The low 19 bits of the product decide; they are exact in a double.
  const product = (Math.imul(i, 2654435761) + 12345) >>> 0;
  return (product >>> 11) & 0xff;
}

function edge(pixel: number, widthPx: number): number {
  const x = pixel % widthPx;
  const y = Math.floor(pixel / widthPx);
  return ((Math.floor(x / 7) + Math.floor(y / 5)) % 2) * 255;
}
