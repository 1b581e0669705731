import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';

/** Draws `count` pictures that all differ, bars of random heights on white, and gives their paths. */
export async function drawPictures(
  folder: string,
  {
    widthPx,
    heightPx,
    count,
    format,
  }: { widthPx: number; heightPx: number; count: number; format: 'png' | 'jpeg' },
): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const paths: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const path = join(folder, `${widthPx}x${heightPx}-${index}.${format}`);
    const raw = { width: widthPx, height: heightPx, channels: 3 as const };
    await sharp(bars(widthPx, heightPx, index), { raw })
      .toFormat(format)
      .toFile(path);
    paths.push(path);
  }
  return paths;
}

function bars(widthPx: number, heightPx: number, seed: number): Uint8Array {
  const pixels = new Uint8Array(widthPx * heightPx * 3).fill(255);
  const count = 4 + (seed % 3);
  const slotPx = widthPx / count;
  for (let y = 0; y < heightPx; y += 1) {
    for (let x = 0; x < widthPx; x += 1) {
      const bar = Math.floor(x / slotPx);
      const heightShare = 0.2 + ((bar * 37 + seed * 53) % 70) / 100;
      if (x % slotPx > slotPx * 0.7 || y < heightPx * (1 - heightShare)) continue;
      pixels.set([31 + bar * 30, 119, 180 - bar * 20], (y * widthPx + x) * 3);
    }
  }
  return pixels;
}
