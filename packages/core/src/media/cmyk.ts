/**
 * RGB bytes of CMYK ones as Pillow's `convert("RGB")` makes them, without a colour profile. Works in the
 * given buffer, because a large picture leaves no memory for a second one.
 * Source: Pillow `src/libImaging/Convert.c`, `cmyk2rgb`.
 */
export function cmykToRgb(cmyk: Uint8Array): Uint8Array {
  let to = 0;
  for (let from = 0; from < cmyk.length; from += 4, to += 3) {
    const light = 255 - (cmyk[from + 3] as number);
    cmyk[to] = light - scaled(cmyk[from] as number, light);
    cmyk[to + 1] = light - scaled(cmyk[from + 1] as number, light);
    cmyk[to + 2] = light - scaled(cmyk[from + 2] as number, light);
  }
  return cmyk.subarray(0, to);
}

/** `a * b / 255`, rounded. */
function scaled(a: number, b: number): number {
  const product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}
