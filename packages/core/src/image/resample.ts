import { packWeights, resampleKernels } from './resample-kernels.js';

/** An opaque picture, eight bits a channel. */
export interface RgbImage {
  widthPx: number;
  heightPx: number;
  /** `[height, width, 3]` */
  data: Uint8Array;
}

/** Filters by Pillow's numbers, as `resample` in a configuration file. */
export const pillowFilters = [
  'nearest',
  'lanczos',
  'bilinear',
  'bicubic',
  'box',
  'hamming',
] as const;

/** Pillow's resampling filters. */
export type ResampleFilter = (typeof pillowFilters)[number];

const channels = 3;
const precisionBits = 32 - 8 - 2;
/** A weight in the kernels' form; see `resample-kernels.ts`. */
const weightBytes = 4;

const foursOf = (count: number): number => Math.ceil(count / 4);

interface Kernel {
  supportPx: number;
  weight: (x: number) => number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));

const kernels: Record<Exclude<ResampleFilter, 'nearest'>, Kernel> = {
  box: { supportPx: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { supportPx: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: { supportPx: 1, weight: hamming },
  bicubic: { supportPx: 2, weight: bicubic },
  lanczos: { supportPx: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

function hamming(x: number): number {
  const distance = Math.abs(x);
  if (distance === 0) return 1;
  if (distance >= 1) return 0;
  const angle = distance * Math.PI;
  return (Math.sin(angle) / angle) * (0.54 + 0.46 * Math.cos(angle));
}

function bicubic(x: number): number {
  const a = -0.5;
  const d = Math.abs(x);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
}

/** A part of a picture, in pixels. */
export interface ImageWindow {
  leftPx: number;
  topPx: number;
  widthPx: number;
  heightPx: number;
}

/** Positions of one axis, from `start` on. */
interface Span {
  start: number;
  length: number;
}

/** Weights of one axis: output position i sums `counts[i]` inputs from `starts[i]` on. */
interface AxisWeights {
  starts: Int32Array;
  counts: Int32Array;
  /** `[outputs, stride]`, fixed point with {@link precisionBits} fraction bits; zero beyond the count */
  weights: Int32Array;
  /** A whole number of fours. */
  stride: number;
}

/**
 * Resizes a picture to exactly the bytes that Pillow's `Image.resize` gives for mode RGB. With a `window`
 * only that part of the result is made, at a cost that does not grow with the rest.
 * Source: Pillow 13 `src/libImaging/Resample.c` (fixed-point, two passes) and `Geometry.c`
 * (nearest).
 */
export function resample(
  image: RgbImage,
  widthPx: number,
  heightPx: number,
  filter: ResampleFilter,
  window: ImageWindow = { leftPx: 0, topPx: 0, widthPx, heightPx },
): RgbImage {
  const across = { start: window.leftPx, length: window.widthPx };
  const down = { start: window.topPx, length: window.heightPx };
  if (filter === 'nearest') return nearest(image, { widthPx, heightPx }, across, down);
  const kernel = kernels[filter];
  const columns = (from: RgbImage) =>
    from.widthPx === widthPx
      ? crop(from, across, { start: 0, length: from.heightPx })
      : resampleColumns(from, axisWeights(image.widthPx, widthPx, kernel, across));
  const rows = (from: RgbImage) =>
    from.heightPx === heightPx
      ? crop(from, { start: 0, length: from.widthPx }, down)
      : resampleRows(from, axisWeights(image.heightPx, heightPx, kernel, down));
  return rowsComeFirst(image, widthPx, heightPx) ? columns(rows(image)) : rows(columns(image));
}

function crop(image: RgbImage, across: Span, down: Span): RgbImage {
  if (across.length === image.widthPx && down.length === image.heightPx) return image;
  const rowBytes = across.length * channels;
  const data = new Uint8Array(down.length * rowBytes);
  for (let y = 0; y < down.length; y += 1) {
    const from = ((down.start + y) * image.widthPx + across.start) * channels;
    data.set(image.data.subarray(from, from + rowBytes), y * rowBytes);
  }
  return { widthPx: across.length, heightPx: down.length, data };
}

/** The order of the passes decides the rounding; Pillow 13 chooses it by how much each side shrinks. */
function rowsComeFirst(image: RgbImage, widthPx: number, heightPx: number): boolean {
  const shrinkage = image.heightPx - heightPx;
  return shrinkage > 0 && shrinkage > (image.widthPx - widthPx) * 2;
}

function axisWeights(
  inputSize: number,
  outputSize: number,
  kernel: Kernel,
  { start: first, length }: Span,
): AxisWeights {
  const scale = inputSize / outputSize;
  const filterScale = Math.max(scale, 1);
  const support = kernel.supportPx * filterScale;
  const stride = Math.ceil((Math.ceil(support) * 2 + 1) / 4) * 4;
  const starts = new Int32Array(length);
  const counts = new Int32Array(length);
  const weights = new Int32Array(length * stride);
  const exact = new Float64Array(stride);
  for (let output = 0; output < length; output += 1) {
    const center = (first + output + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const count = Math.min(inputSize, Math.trunc(center + support + 0.5)) - start;
    let sum = 0;
    for (let k = 0; k < count; k += 1) {
      const weight = kernel.weight((k + start - center + 0.5) * (1 / filterScale));
      exact[k] = weight;
      sum += weight;
    }
    starts[output] = start;
    counts[output] = count;
    for (let k = 0; k < count; k += 1) {
      const weight = (sum === 0 ? (exact[k] ?? 0) : (exact[k] ?? 0) / sum) * (1 << precisionBits);
      weights[output * stride + k] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
  }
  return { starts, counts, weights, stride };
}

function resampleColumns(image: RgbImage, weights: AxisWeights): RgbImage {
  const { data, heightPx } = image;
  const widthPx = weights.starts.length;
  const taps = columnTaps(weights);
  const inputBytes = image.widthPx * channels;
  const outputBytes = widthPx * channels;
  const { bytes, weightsAt, inputAt, outputAt, sumColumns } = resampleKernels(
    taps,
    inputBytes,
    outputBytes,
  );
  const output = new Uint8Array(heightPx * outputBytes);
  for (let y = 0; y < heightPx; y += 1) {
    bytes.set(data.subarray(y * inputBytes, (y + 1) * inputBytes), inputAt);
    sumColumns(inputAt, weightsAt, widthPx, outputAt);
    output.set(bytes.subarray(outputAt, outputAt + outputBytes), y * outputBytes);
  }
  return { widthPx, heightPx, data: output };
}

/** `weights` as `sumColumns` reads them: before each output's own, where they begin and how many. */
function columnTaps({ starts, counts, weights, stride }: AxisWeights): Uint8Array {
  const packed = packWeights(weights);
  return Buffer.concat(
    Array.from(starts, (start, output) => {
      const fours = foursOf(counts[output] as number);
      const from = output * stride * weightBytes;
      return [
        new Uint8Array(Uint32Array.of(start * channels, fours, 0, 0).buffer),
        packed.subarray(from, from + fours * 4 * weightBytes),
      ];
    }).flat(),
  );
}

function resampleRows(image: RgbImage, { starts, counts, weights, stride }: AxisWeights): RgbImage {
  const heightPx = starts.length;
  const rowBytes = image.widthPx * channels;
  const mostRows = foursOf(Math.max(...counts)) * 4;
  const { bytes, weightsAt, inputAt, outputAt, sumRows } = resampleKernels(
    packWeights(weights),
    mostRows * rowBytes,
    rowBytes,
  );
  const output = new Uint8Array(heightPx * rowBytes);
  for (let y = 0; y < heightPx; y += 1) {
    const first = starts[y] as number;
    const count = counts[y] as number;
    bytes.set(image.data.subarray(first * rowBytes, (first + count) * rowBytes), inputAt);
    const from = weightsAt + y * stride * weightBytes;
    sumRows(inputAt, rowBytes, from, foursOf(count), outputAt);
    output.set(bytes.subarray(outputAt, outputAt + rowBytes), y * rowBytes);
  }
  return { widthPx: image.widthPx, heightPx, data: output };
}

function nearest(
  image: RgbImage,
  { widthPx, heightPx }: Omit<RgbImage, 'data'>,
  across: Span,
  down: Span,
): RgbImage {
  const columns = nearestPositions(image.widthPx, widthPx, across);
  const rows = nearestPositions(image.heightPx, heightPx, down);
  const output = new Uint8Array(rows.length * columns.length * channels);
  let to = 0;
  for (const row of rows) {
    for (const column of columns) {
      const from = (row * image.widthPx + column) * channels;
      output.set(image.data.subarray(from, from + channels), to);
      to += channels;
    }
  }
  return { widthPx: columns.length, heightPx: rows.length, data: output };
}

function nearestPositions(inputSize: number, outputSize: number, span: Span): Int32Array {
  const step = inputSize / outputSize;
  const positions = new Int32Array(span.length);
  // Pillow adds the step up instead of multiplying it, and so must we to round alike.
  let position = step * 0.5;
  for (let i = 0; i < span.start + span.length; i += 1) {
    if (i >= span.start) {
      positions[i - span.start] = Math.min(Math.trunc(position), inputSize - 1);
    }
    position += step;
  }
  return positions;
}
