/**
 * RGB bytes of CMYK ones as Pillow's `convert("RGB")` makes them, without a colour profile.
 * Source: Pillow `src/libImaging/Convert.c`, `cmyk2rgb`.
 */
export function cmykToRgb(cmyk: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((cmyk.length / 4) * 3);
  for (let from = 0, to = 0; from < cmyk.length; from += 4, to += 3) {
    const light = 255 - (cmyk[from + 3] as number);
    rgb[to] = light - scaled(cmyk[from] as number, light);
    rgb[to + 1] = light - scaled(cmyk[from + 1] as number, light);
    rgb[to + 2] = light - scaled(cmyk[from + 2] as number, light);
  }
  return rgb;
}

/** `a * b / 255`, rounded. */
function scaled(a: number, b: number): number {
  const product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}
