import type { PixelScaling, TilePlan } from '../family/processed-picture.js';

/**
 * Turns tiles of bytes into the encoder's input, equal to numpy's float32 arithmetic bit for bit.
 * `pixels` is `[tiles, tileHeight, tileWidth, 3]`, the result `[tiles, 3, tileHeight, tileWidth]`;
 * it is written to `output` when given.
 */
export function toPixelValues(
  pixels: Uint8Array,
  { tileWidthPx, tileHeightPx }: Pick<TilePlan, 'tileWidthPx' | 'tileHeightPx'>,
  scaling: PixelScaling,
  output = new Float32Array(pixels.length),
): Float32Array {
  const [red, green, blue] = [0, 1, 2].map((channel) => scaledBytes(scaling, channel)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const plane = tileWidthPx * tileHeightPx;
  for (let start = 0; start < pixels.length; start += plane * 3) {
    for (let i = 0; i < plane; i += 1) {
      const from = start + i * 3;
      output[start + i] = red[pixels[from] as number] as number;
      output[start + plane + i] = green[pixels[from + 1] as number] as number;
      output[start + 2 * plane + i] = blue[pixels[from + 2] as number] as number;
    }
  }
  return output;
}

/** The value of each byte of a channel: numpy rescales in float64, then rounds, subtracts and divides in float32. */
function scaledBytes({ rescaleFactor, mean, std }: PixelScaling, channel: number): Float32Array {
  const shift = Math.fround(mean[channel] ?? 0);
  const divisor = Math.fround(std[channel] ?? 1);
  return Float32Array.from({ length: 256 }, (_, byte) =>
    Math.fround(Math.fround(Math.fround(byte * rescaleFactor) - shift) / divisor),
  );
}
