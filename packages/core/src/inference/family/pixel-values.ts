/** Scale and shift that make `pixelValues` of bytes, one entry a channel. */
export interface PixelScaling {
  rescaleFactor: number;
  mean: readonly number[];
  std: readonly number[];
}

/**
 * Turns bytes into the encoder's input, equal to numpy's float32 arithmetic bit for bit.
 * `pixels` is `[height, width, 3]`, the result `[3, height, width]`.
 */
export function toPixelValues(
  pixels: Uint8Array,
  scaling: PixelScaling,
): Float32Array<ArrayBuffer> {
  const [red, green, blue] = [0, 1, 2].map((channel) => scaledBytes(scaling, channel)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const plane = pixels.length / 3;
  const output = new Float32Array(pixels.length);
  for (let i = 0; i < plane; i += 1) {
    output[i] = red[pixels[i * 3] as number] as number;
    output[plane + i] = green[pixels[i * 3 + 1] as number] as number;
    output[2 * plane + i] = blue[pixels[i * 3 + 2] as number] as number;
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
