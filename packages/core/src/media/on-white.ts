/**
 * Opaque RGB bytes of RGBA ones laid on white, as Pillow's `alpha_composite` does it. Works in the given
 * buffer, because a large picture leaves no memory for a second one.
 * Source: Pillow `src/libImaging/AlphaComposite.c`, for a background that is opaque.
 */
export function onWhite(rgba: Uint8Array): Uint8Array {
  let to = 0;
  for (let from = 0; from < rgba.length; from += 4, to += 3) {
    const alpha = rgba[from + 3] as number;
    rgba[to] = blended(rgba[from] as number, alpha);
    rgba[to + 1] = blended(rgba[from + 1] as number, alpha);
    rgba[to + 2] = blended(rgba[from + 2] as number, alpha);
  }
  return rgba.subarray(0, to);
}

/** The colour over white, with 7 more bits than it has until it is rounded. */
function blended(colour: number, alpha: number): number {
  const sum = (colour * alpha + 255 * (255 - alpha) + 128) << 7;
  return (((sum >> 8) + sum) >> 8) >> 7;
}

/** Like {@link onWhite} for colours that are multiplied by their opacity already. */
export function multipliedOnWhite(rgba: Uint8Array): Uint8Array {
  let to = 0;
  for (let from = 0; from < rgba.length; from += 4, to += 3) {
    const white = 255 - (rgba[from + 3] as number);
    rgba[to] = Math.min(255, (rgba[from] as number) + white);
    rgba[to + 1] = Math.min(255, (rgba[from + 1] as number) + white);
    rgba[to + 2] = Math.min(255, (rgba[from + 2] as number) + white);
  }
  return rgba.subarray(0, to);
}
