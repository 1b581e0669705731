import type { MediaType } from './sniff.js';

/**
 * Frames of an animation, counted from the structure of the file without decoding it; counting
 * stops above `limit`. A damaged file gives the frames before the damage, at least one.
 * Sources: GIF89a specification; WebP container specification.
 */
export function countFrames(bytes: Uint8Array, mediaType: MediaType, limit: number): number {
  if (mediaType === 'image/gif') return Math.max(1, countGifFrames(bytes, limit));
  if (mediaType === 'image/webp') return Math.max(1, countWebpFrames(bytes, limit));
  return 1;
}

const gifExtension = 0x21;
const gifImage = 0x2c;

function countGifFrames(bytes: Uint8Array, limit: number): number {
  let frames = 0;
  let at = 13 + colorTableBytes(bytes[10] ?? 0);
  while (at < bytes.length && frames <= limit) {
    const block = bytes[at];
    if (block === gifExtension) at = skipSubBlocks(bytes, at + 2);
    else if (block === gifImage) {
      frames += 1;
      at = skipSubBlocks(bytes, at + 11 + colorTableBytes(bytes[at + 9] ?? 0));
    } else break;
  }
  return frames;
}

function colorTableBytes(flags: number): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0;
}

function skipSubBlocks(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] !== 0) at += (bytes[at] ?? 0) + 1;
  return at + 1;
}

function countWebpFrames(bytes: Uint8Array, limit: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const animationFrame = 0x414e4d46;
  let frames = 0;
  let at = 12;
  while (at + 8 <= bytes.length && frames <= limit) {
    if (view.getUint32(at) === animationFrame) frames += 1;
    const size = view.getUint32(at + 4, true);
    at += 8 + size + (size % 2);
  }
  return frames;
}
