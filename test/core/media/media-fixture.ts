import { execFileSync } from 'node:child_process';
import type { MediaOptions, MediaProcess } from '@vistazo/core';
import { parseIdefics3ImageConfig } from '../../../packages/core/src/inference/family/idefics3/read-config.ts';
import { gridOf } from '../../../packages/core/src/inference/family/image-layout.ts';

/** A decoded frame as RGB bytes, row by row. */
export interface Frame {
  widthPx: number;
  heightPx: number;
  pixels: Uint8Array;
}

/**
 * The pixels of each frame as a model sees them: a processor that neither enlarges nor shrinks is
 * asked for tiles of `tilePx`, which are put together again. The sides must be multiples of `tilePx`.
 */
export async function framesOf(
  media: MediaProcess,
  bytes: Uint8Array,
  {
    tilePx = 8,
    maxFrames = 100,
    ...options
  }: MediaOptions & { tilePx?: number; maxFrames?: number } = {},
): Promise<Frame[]> {
  const image = parseIdefics3ImageConfig({
    image_processor_type: 'Idefics3ImageProcessor',
    do_resize: false,
    max_image_size: { longest_edge: tilePx },
  });
  const family = {
    name: 'idefics3',
    config: { imageTokenId: 0, imageSeqLen: 1, image, timesFrames: false },
  } as const;
  const pictures = await media.preparePictures(bytes, {
    family,
    budget: 'full',
    maxFrames,
    ...options,
  });
  return pictures.map(({ layout, pixels }) => {
    const { widthPx, heightPx } = layout;
    const columns = Math.max(1, gridOf(layout).columns);
    return { widthPx, heightPx, pixels: joined(pixels, { widthPx, heightPx, tilePx, columns }) };
  });
}

function joined(
  tiles: readonly Uint8Array[],
  {
    widthPx,
    heightPx,
    tilePx,
    columns,
  }: { widthPx: number; heightPx: number; tilePx: number; columns: number },
): Uint8Array {
  const pixels = new Uint8Array(widthPx * heightPx * 3);
  for (let y = 0; y < heightPx; y += 1) {
    for (let x = 0; x < widthPx; x += tilePx) {
      const tile = Math.floor(y / tilePx) * columns + x / tilePx;
      const from = (y % tilePx) * tilePx * 3;
      const row = tiles[tile]?.subarray(from, from + tilePx * 3) ?? [];
      pixels.set(row, (y * widthPx + x) * 3);
    }
  }
  return pixels;
}

/** Child processes of this one that decode pictures. */
export function mediaPids(): number[] {
  const lines = execFileSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' }).split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, parent, ...args]) =>
        Number(parent) === process.pid && args.join(' ').includes('media-child'),
    )
    .map(([pid]) => Number(pid));
}
