import type { PixelRectangle } from '@vistazo/core';
import { oneLine } from '../one-line.js';

/** What is to be made unreadable of a picture, or what is wrong with what somebody wrote. */
export type BlurredParts = { rectangles: readonly PixelRectangle[] } | { fault: string };

const mostRectangles = 50;
/** Of sums of percent, in pixels. */
const rounding = 1e-6;

/**
 * The rectangles of `x,y,width,height; …`, each number in pixels or in percent of the picture, from its upper left
 * corner; none for `none`. One that is not wholly in the picture is a fault: something else was meant.
 */
export function blurredParts(
  written: string,
  size: { widthPx: number; heightPx: number },
): BlurredParts {
  if (written.trim().toLowerCase() === 'none') return { rectangles: [] };
  const parts = written.split(';').map((part) => part.trim());
  if (parts.length > mostRectangles)
    return { fault: `There are ${parts.length} parts; at most ${mostRectangles} can be filled.` };
  const rectangles: PixelRectangle[] = [];
  for (const part of parts) {
    const rectangle = rectangleOf(part, size);
    if (rectangle === undefined)
      return {
        fault: `A part is written as x,y,width,height, in pixels or percent, such as 10%,20%,30%,5%, with ; between two of them; “${oneLine(part, 60)}” is not.`,
      };
    if (!isWithin(rectangle, size))
      return {
        fault: `The part ${oneLine(part, 60)} is not in the picture, which is ${size.widthPx} × ${size.heightPx} pixels.`,
      };
    rectangles.push(rectangle);
  }
  return { rectangles };
}

/** Undefined for what is none. */
function rectangleOf(
  part: string,
  { widthPx, heightPx }: { widthPx: number; heightPx: number },
): PixelRectangle | undefined {
  const written = part.split(',').map((number) => number.trim());
  if (written.length !== 4) return undefined;
  const [x, y, width, height] = written.map((number, index) =>
    pixelsOf(number, index % 2 === 0 ? widthPx : heightPx),
  );
  if (x === undefined || y === undefined || width === undefined || height === undefined)
    return undefined;
  return { x, y, width, height };
}

function pixelsOf(written: string, wholePx: number): number | undefined {
  const [, number, percent] = /^(\d{1,6}(?:\.\d{1,6})?)(%?)$/.exec(written) ?? [];
  if (number === undefined) return undefined;
  return percent === '%' ? (Number(number) / 100) * wholePx : Number(number);
}

function isWithin(
  { x, y, width, height }: PixelRectangle,
  { widthPx, heightPx }: { widthPx: number; heightPx: number },
): boolean {
  return (
    width > 0 && height > 0 && x + width <= widthPx + rounding && y + height <= heightPx + rounding
  );
}
