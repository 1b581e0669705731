import { VistazoError } from '../errors.js';

/** Kinds of pictures that are accepted. */
export type MediaType = 'image/jpeg' | 'image/png' | 'image/webp' | 'image/gif' | 'image/avif';

/** Containers of videos that are looked at, as ffmpeg calls the demuxers that read them. */
export type VideoFormat = 'mov' | 'matroska' | 'avi' | 'ogg';

/** What a file is made of, by its content. @internal */
export type FileKind =
  /** A picture, or nothing that is known: the media process says which. */
  { kind: 'picture' } | { kind: 'document' } | { kind: 'video'; format: VideoFormat };

/** Where the header of a PDF may stand. Source: ISO 32000-1, implementation note 13. */
const pdfHeaderWithinBytes = 1024;

/** What a file is made of. Looks at some bytes and decodes none. @internal */
export function kindOf(bytes: Uint8Array): FileKind {
  const head = latin1(bytes, 0, 16);
  if (pictureType(bytes, head) !== undefined || isHeic(bytes)) return { kind: 'picture' };
  const format = videoFormat(head);
  if (format !== undefined) return { kind: 'video', format };
  return /%PDF-\d/.test(latin1(bytes, 0, pdfHeaderWithinBytes))
    ? { kind: 'document' }
    : { kind: 'picture' };
}

/** Of files that people send. */
const accepted =
  'JPEG, PNG, WebP, GIF, AVIF and PDF can be read, and videos where the bot looks at them';

const heicAdvice =
  'Save it as JPEG and send that. An iPhone takes JPEG with Settings, Camera, Formats, Most Compatible.';

/**
 * The kind of a picture by its content; its name does not matter.
 * Throws `picture.empty` or `picture.notAnImage` saying what it looks like.
 */
export function sniff(bytes: Uint8Array): MediaType {
  if (bytes.length === 0) {
    throw new VistazoError('picture.empty', 'The picture has no bytes; send it again.');
  }
  const head = latin1(bytes, 0, 16);
  const type = pictureType(bytes, head);
  if (type !== undefined) return type;
  const what = isHeic(bytes)
    ? `This is a HEIC photograph, which cannot be read here; ${accepted}. ${heicAdvice}`
    : `This is ${likeness(bytes, head)}, not a picture; ${accepted}.`;
  throw new VistazoError('picture.notAnImage', what);
}

function pictureType(bytes: Uint8Array, head: string): MediaType | undefined {
  if (head.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (/^GIF8[79]a/.test(head)) return 'image/gif';
  if (head.startsWith('RIFF') && head.slice(8, 12) === 'WEBP') return 'image/webp';
  if (brandsOf(bytes).some((brand) => avifBrands.has(brand))) return 'image/avif';
  return undefined;
}

/** Source: AV1 Image File Format, section 8.2. */
const avifBrands: ReadonlySet<string> = new Set(['avif', 'avis']);

/** Source: ISO/IEC 23008-12. */
const heicBrand = /^(he[iv][cmsx]|mi[af]1|msf1)$/;

function isHeic(bytes: Uint8Array): boolean {
  const [major] = brandsOf(bytes);
  return major !== undefined && heicBrand.test(major);
}

/** Most of a file's first box that is looked at. */
const maxBrandBytes = 256;

/** What a file of boxes says it is, its major brand first. Source: ISO/IEC 14496-12, `FileTypeBox`. */
function brandsOf(bytes: Uint8Array): string[] {
  if (latin1(bytes, 4, 8) !== 'ftyp') return [];
  const box = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0);
  const end = Math.min(box, bytes.length, maxBrandBytes);
  const brands: string[] = [];
  // Between the major brand and the compatible ones stands a version.
  for (let at = 8; at + 4 <= end; at += at === 8 ? 8 : 4) brands.push(latin1(bytes, at, at + 4));
  return brands;
}

function videoFormat(head: string): VideoFormat | undefined {
  if (/^(ftyp|moov|mdat|wide)$/.test(head.slice(4, 8))) return 'mov';
  if (head.startsWith('\x1a\x45\xdf\xa3')) return 'matroska';
  if (head.startsWith('RIFF') && head.slice(8, 12) === 'AVI ') return 'avi';
  return head.startsWith('OggS') ? 'ogg' : undefined;
}

function likeness(bytes: Uint8Array, head: string): string {
  const start = latin1(bytes, 0, 512).trimStart().toLowerCase();
  if (start.includes('<svg')) return 'an SVG drawing';
  if (start.startsWith('<!doctype html') || start.startsWith('<html')) return 'a web page';
  if (kindOf(bytes).kind === 'document') return 'a PDF document';
  if (head.startsWith('PK\x03\x04')) return 'a ZIP archive or office document';
  if (videoFormat(head) !== undefined) return 'a video';
  if (head.startsWith('BM')) return 'a BMP file';
  if (/^(II\*\0|MM\0\*)/.test(head)) return 'a TIFF file';
  return bytes.subarray(0, 512).every((byte) => byte >= 9 && byte < 127)
    ? 'text'
    : 'a file of an unknown kind';
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}
