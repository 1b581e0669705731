import { VistazoError } from '../errors.js';

/** Kinds of pictures that are accepted. */
export type MediaType = 'image/jpeg' | 'image/png' | 'image/webp' | 'image/gif' | 'image/avif';

const accepted = 'JPEG, PNG, WebP, GIF and AVIF are accepted';

/**
 * The kind of a picture by its content; its name does not matter.
 * Throws `picture.empty` or `picture.notAnImage` saying what it looks like.
 */
export function sniff(bytes: Uint8Array): MediaType {
  if (bytes.length === 0) {
    throw new VistazoError('picture.empty', 'The picture has no bytes; send it again.');
  }
  const head = latin1(bytes, 0, 16);
  if (head.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (/^GIF8[79]a/.test(head)) return 'image/gif';
  if (head.startsWith('RIFF') && head.slice(8, 12) === 'WEBP') return 'image/webp';
  if (head.slice(4, 8) === 'ftyp' && /avi[fs]/.test(latin1(bytes, 8, 64))) return 'image/avif';
  throw new VistazoError(
    'picture.notAnImage',
    `This is ${likeness(bytes, head)}, not a picture; ${accepted}.`,
  );
}

function likeness(bytes: Uint8Array, head: string): string {
  const start = latin1(bytes, 0, 512).trimStart().toLowerCase();
  if (start.includes('<svg')) return 'an SVG drawing';
  if (start.startsWith('<!doctype html') || start.startsWith('<html')) return 'a web page';
  if (head.startsWith('%PDF')) return 'a PDF document';
  if (head.startsWith('PK\x03\x04')) return 'a ZIP archive or office document';
  if (head.slice(4, 8) === 'ftyp') return 'a video or HEIC file';
  if (head.startsWith('BM')) return 'a BMP file';
  if (/^(II\*\0|MM\0\*)/.test(head)) return 'a TIFF file';
  return bytes.subarray(0, 512).every((byte) => byte >= 9 && byte < 127)
    ? 'text'
    : 'a file of an unknown kind';
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}
