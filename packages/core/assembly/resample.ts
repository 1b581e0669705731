/**
 * The sums of Pillow's two resampling passes, in AssemblyScript, sixteen bytes at a time.
 *
 * A fixed-point weight of up to 24 bits does not fit a product of 16-bit lanes, so it comes in two
 * parts, `weight = high * 2^15 + low`; sums wrap as 32-bit integers, which keeps them exact.
 * Weights come four at a time, sixteen bytes: `low0 low1 low2 low3 high0 high1 high2 high3`.
 */

const weightBytes: usize = 16;
const lowBits = 15;
const precisionBits = 22;

/** Bytes 0 and 3, 1 and 4, 2 and 5: the channels of the first two of four pixels, as 16-bit pairs. */
function firstPixels(pixels: v128): v128 {
  return i8x16.swizzle(pixels, i8x16(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1));
}

/** The same of the last two of four pixels. */
function lastPixels(pixels: v128): v128 {
  return i8x16.swizzle(pixels, i8x16(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1));
}

/** Rounded sums as 16-bit lanes, saturated. */
function whole(low: v128, high: v128): v128 {
  const half = i32x4.splat(1 << (precisionBits - 1));
  return i32x4.shr_s(i32x4.add(i32x4.add(low, half), i32x4.shl(high, lowBits)), precisionBits);
}

/**
 * One row of the pass along the width. `taps` holds for each of `outputs` pixels: the byte at which
 * its inputs begin, how many fours of inputs it has (both i32, then eight unused bytes), the weights.
 * Reads up to 16 bytes beyond the row, writes up to one byte beyond `outputs * 3`.
 */
export function sumColumns(row: usize, taps: usize, outputs: i32, output: usize): void {
  for (let i = 0; i < outputs; i += 1) {
    let from = row + <usize>load<u32>(taps);
    const last = taps + weightBytes + <usize>load<u32>(taps, 4) * weightBytes;
    let low = i32x4.splat(0);
    let high = i32x4.splat(0);
    for (taps += weightBytes; taps < last; taps += weightBytes) {
      const pixels = v128.load(from);
      const first = firstPixels(pixels);
      const second = lastPixels(pixels);
      low = i32x4.add(low, i32x4.dot_i16x8_s(first, v128.load32_splat(taps)));
      low = i32x4.add(low, i32x4.dot_i16x8_s(second, v128.load32_splat(taps, 4)));
      high = i32x4.add(high, i32x4.dot_i16x8_s(first, v128.load32_splat(taps, 8)));
      high = i32x4.add(high, i32x4.dot_i16x8_s(second, v128.load32_splat(taps, 12)));
      from += 12;
    }
    const sums = whole(low, high);
    const words = i16x8.narrow_i32x4_s(sums, sums);
    store<u32>(output, i32x4.extract_lane(i8x16.narrow_i16x8_u(words, words), 0));
    output += 3;
  }
}

/**
 * One row of the pass along the height: the sum of `fours * 4` rows of `rowBytes` that follow each
 * other from `rows` on. Reads and writes up to 15 bytes beyond `rowBytes`.
 */
export function sumRows(
  rows: usize,
  rowBytes: usize,
  weights: usize,
  fours: i32,
  output: usize,
): void {
  const last = weights + <usize>fours * weightBytes;
  for (let at: usize = 0; at < rowBytes; at += 16) {
    let low0 = i32x4.splat(0);
    let low1 = i32x4.splat(0);
    let low2 = i32x4.splat(0);
    let low3 = i32x4.splat(0);
    let high0 = i32x4.splat(0);
    let high1 = i32x4.splat(0);
    let high2 = i32x4.splat(0);
    let high3 = i32x4.splat(0);
    let from = rows + at;
    // Two rows a step: four weights are two steps.
    for (let weight = weights; weight < last; weight += weightBytes) {
      for (let pair: usize = 0; pair < 8; pair += 4) {
        const lowWeights = v128.load32_splat(weight + pair);
        const highWeights = v128.load32_splat(weight + pair, 8);
        const a = v128.load(from);
        const b = v128.load(from + rowBytes);
        from += rowBytes * 2;
        const left = i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        const right = i8x16.shuffle(
          a,
          b,
          8,
          24,
          9,
          25,
          10,
          26,
          11,
          27,
          12,
          28,
          13,
          29,
          14,
          30,
          15,
          31,
        );
        const pairs0 = i16x8.extend_low_i8x16_u(left);
        const pairs1 = i16x8.extend_high_i8x16_u(left);
        const pairs2 = i16x8.extend_low_i8x16_u(right);
        const pairs3 = i16x8.extend_high_i8x16_u(right);
        low0 = i32x4.add(low0, i32x4.dot_i16x8_s(pairs0, lowWeights));
        low1 = i32x4.add(low1, i32x4.dot_i16x8_s(pairs1, lowWeights));
        low2 = i32x4.add(low2, i32x4.dot_i16x8_s(pairs2, lowWeights));
        low3 = i32x4.add(low3, i32x4.dot_i16x8_s(pairs3, lowWeights));
        high0 = i32x4.add(high0, i32x4.dot_i16x8_s(pairs0, highWeights));
        high1 = i32x4.add(high1, i32x4.dot_i16x8_s(pairs1, highWeights));
        high2 = i32x4.add(high2, i32x4.dot_i16x8_s(pairs2, highWeights));
        high3 = i32x4.add(high3, i32x4.dot_i16x8_s(pairs3, highWeights));
      }
    }
    const left = i16x8.narrow_i32x4_s(whole(low0, high0), whole(low1, high1));
    const right = i16x8.narrow_i32x4_s(whole(low2, high2), whole(low3, high3));
    v128.store(output + at, i8x16.narrow_i16x8_u(left, right));
  }
}
