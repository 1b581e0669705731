/** Whether logits differ by at most `maxDifference`, as a share of the range of the reference's. */
export function areClose(
  logits: Float32Array,
  reference: Float32Array,
  maxDifference: number,
): boolean {
  let most = 0;
  let highest = Number.NEGATIVE_INFINITY;
  let lowest = Number.POSITIVE_INFINITY;
  for (const [index, each] of reference.entries()) {
    most = Math.max(most, Math.abs(each - (logits[index] ?? Number.NaN)));
    highest = Math.max(highest, each);
    lowest = Math.min(lowest, each);
  }
  return logits.length === reference.length && most <= maxDifference * (highest - lowest);
}
