import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { GraphFiles } from './model-files.js';

/** Bytes at the beginning and end of a file that tell it from others of the same size. */
const sampledBytes = 2 ** 16;

/**
 * Tells the graphs of a model from others: names, sizes, times, and the content at both ends. It is
 * no proof against forgery; it keeps what was worked out with one graph from use with another.
 */
export async function fingerprintOf({ paths }: GraphFiles): Promise<string> {
  const hash = createHash('sha256');
  for (const path of Object.values(paths)) {
    const file = await open(path, 'r');
    try {
      const { size, mtimeMs } = await file.stat();
      hash.update(`${basename(path)} ${size} ${mtimeMs}\n`);
      for (const start of [0, Math.max(0, size - sampledBytes)]) {
        const { buffer, bytesRead } = await file.read(
          Buffer.alloc(sampledBytes),
          0,
          sampledBytes,
          start,
        );
        hash.update(buffer.subarray(0, bytesRead));
      }
    } finally {
      await file.close();
    }
  }
  return hash.digest('hex');
}
