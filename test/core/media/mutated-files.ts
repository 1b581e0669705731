import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import {
  endlessDocument,
  imageOfSizeDocument,
  largeImageDocument,
  slowDocument,
} from './hostile-documents.ts';
import { gif, jpegOfSize, pngBomb, pngOfSize } from './hostile-files.ts';
import { pdf } from './pdf-files.ts';
import { clip } from './video-files.ts';

const mediaVectors = new URL('../../reference/media/pictures.json', import.meta.url);

/** A file to attack with, and what was done to it, to tell when it does harm. */
export interface MutatedFile {
  bytes: Uint8Array;
  what: string;
}

/** Numbers that sizes, counts and offsets are overwritten with. */
const extremes = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0xffffffff];

interface Original {
  name: string;
  bytes: Uint8Array;
}

/** Good and hostile pictures of every kind, small and large, still and moving. */
async function pictures(): Promise<Original[]> {
  const noise = sharp({
    create: {
      width: 640,
      height: 480,
      channels: 3,
      background: 'black',
      noise: { type: 'gaussian', mean: 128, sigma: 40 },
    },
  });
  const raw = await noise.png().toBuffer();
  const sized = (width: number) => sharp(raw).resize(width);
  const frames = await Promise.all([40, 60, 80].map((width) => sized(width).png().toBuffer()));
  const moving = () => sharp(frames, { join: { animated: true } });
  const made: [string, Promise<Buffer>][] = [48, 400].flatMap(
    (width): [string, Promise<Buffer>][] => [
      [`jpeg ${width}`, sized(width).jpeg().toBuffer()],
      [`progressive jpeg ${width}`, sized(width).jpeg({ progressive: true }).toBuffer()],
      [`cmyk jpeg ${width}`, sized(width).toColourspace('cmyk').jpeg().toBuffer()],
      [`turned jpeg ${width}`, sized(width).withMetadata({ orientation: 6 }).jpeg().toBuffer()],
      [`png ${width}`, sized(width).png().toBuffer()],
      [`palette png ${width}`, sized(width).png({ palette: true }).toBuffer()],
      [`16-bit png ${width}`, sized(width).toColourspace('rgb16').png().toBuffer()],
      [`webp ${width}`, sized(width).webp().toBuffer()],
      [`lossless webp ${width}`, sized(width).ensureAlpha(0.5).webp({ lossless: true }).toBuffer()],
      [`gif ${width}`, sized(width).gif().toBuffer()],
      [`avif ${width}`, sized(width).avif({ effort: 0 }).toBuffer()],
    ],
  );
  made.push(['moving gif', moving().gif().toBuffer()], ['moving webp', moving().webp().toBuffer()]);
  const avifs = [
    'AVIF of two tiles',
    'AVIF that moves',
    'AVIF with alpha that is multiplied already',
  ];
  made.push(...avifs.map((name): [string, Promise<Buffer>] => [name, vectorFile(name)]));
  const good = await Promise.all(made.map(async ([name, bytes]) => ({ name, bytes: await bytes })));
  return [
    ...good,
    { name: 'png bomb', bytes: pngBomb(7000, 7000) },
    { name: 'png of a size it has not', bytes: pngOfSize(7000, 7000) },
    { name: 'jpeg of a size it has not', bytes: jpegOfSize(7000, 7000) },
    { name: 'gif on a large canvas', bytes: gif(50, 3000, 3000) },
    { name: 'gif of many frames', bytes: gif(9000, 20, 20) },
  ];
}

/** A file that Pillow wrote, from the vectors of test/reference/make_media_vectors.py. */
async function vectorFile(name: string): Promise<Buffer> {
  const { pictures } = JSON.parse(await readFile(mediaVectors, 'utf8'));
  const found = pictures.find((each: { name: string }) => each.name === name);
  if (found === undefined) throw new Error(`${mediaVectors.pathname} has no ${name}`);
  return Buffer.from(found.file, 'base64');
}

/** Documents with text, pictures, forms and patterns, and hostile ones. */
async function documents(): Promise<Original[]> {
  const text = { content: '0 g BT /F1 40 Tf 20 100 Td (Hello) Tj ET' };
  const photo = await sharp({ create: { width: 60, height: 40, channels: 3, background: 'red' } })
    .jpeg()
    .toBuffer();
  const image = `<</Type/XObject/Subtype/Image/Width 60/Height 40/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode/Length ${photo.length}>>\nstream\n${photo.toString('latin1')}\nendstream`;
  const field =
    '<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V(Filled)/DA(/F1 20 Tf 0 g)/Rect[20 20 200 60]/F 4>>';
  const forms = '/AcroForm<</Fields[1000 0 R]/DR<</Font<</F1 3 0 R>>>>/NeedAppearances true>>';
  return [
    { name: 'pdf of text', bytes: pdf([text, text]) },
    { name: 'pdf of many pages', bytes: pdf(Array.from({ length: 300 }, () => text)) },
    { name: 'pdf with a password', bytes: pdf([text], { password: 'x' }) },
    { name: 'pdf encrypted without one', bytes: pdf([text], { password: '' }) },
    {
      name: 'pdf with a photograph',
      bytes: pdf([{ content: 'q 300 0 0 200 0 0 cm /X Do Q' }], {
        page: '/Resources<</XObject<</X 1000 0 R>>>>',
        objects: [image],
      }),
    },
    {
      name: 'pdf with a form',
      bytes: pdf([text], { catalog: forms, page: '/Annots[1000 0 R]', objects: [field] }),
    },
    { name: 'pdf of forms within forms', bytes: endlessDocument() },
    { name: 'pdf that is painted for minutes', bytes: slowDocument() },
    { name: 'pdf with a large picture', bytes: largeImageDocument() },
    { name: 'pdf with a picture of a size it has not', bytes: imageOfSizeDocument(30_000) },
    { name: 'pdf of a huge page', bytes: pdf([{ ...text, size: [1e7, 1e7] }]) },
  ];
}

/** Videos of every container and of usual decoders. */
function videos(): Original[] {
  const made: [string, string, ...string[]][] = [
    ['h264 in mp4', 'mp4', '-c:v', 'libx264'],
    ['h264 in matroska', 'mkv', '-c:v', 'libx264', '-g', '5'],
    ['mpeg4 in avi', 'avi', '-c:v', 'mpeg4'],
    ['mjpeg in mov', 'mov', '-c:v', 'mjpeg'],
    ['vp8 in webm', 'webm', '-c:v', 'libvpx'],
    ['vp9 in webm', 'webm', '-c:v', 'libvpx-vp9'],
    ['theora in ogg', 'ogv', '-c:v', 'libtheora'],
  ];
  const source = 'testsrc=d=2:s=160x120:r=10';
  const clips = made.map(([name, extension, ...args]) => ({
    name,
    bytes: clip({ source, extension, args }),
  }));
  const large = clip({ source: 'testsrc=d=0.5:s=3840x2160:r=10', args: ['-preset', 'ultrafast'] });
  return [...clips, { name: 'large h264 in mp4', bytes: large }];
}

/** Which part of the files are documents and videos; the others are pictures. */
export interface MutatedShares {
  documents: number;
  /** A video costs some processes. */
  videos: number;
}

/** `count` files that follow from the seed, each damaged in one to four ways. */
export async function* mutatedFiles(
  count: number,
  seed: number,
  shares: MutatedShares = { documents: 0, videos: 0 },
): AsyncGenerator<MutatedFile> {
  const families = {
    pictures: await pictures(),
    documents: shares.documents > 0 ? await documents() : [],
    videos: shares.videos > 0 ? videos() : [],
  };
  const random = xorshift(seed);
  const familyOf = (chance: number) => {
    if (chance < shares.videos) return families.videos;
    return chance < shares.videos + shares.documents ? families.documents : families.pictures;
  };
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = <T>(values: readonly T[]): T => values[below(values.length)] as T;
  for (let index = 0; index < count; index += 1) {
    const family = shares.documents + shares.videos > 0 ? familyOf(random()) : families.pictures;
    const { name, bytes } = pick(family);
    let file = Buffer.from(bytes);
    const done: string[] = [];
    for (let round = 1 + below(4); round > 0; round -= 1) {
      const [what, mutate] = pick(mutations);
      file = mutate(file, { below, other: Buffer.from(pick(family).bytes) });
      done.push(what);
    }
    // A decoder that checks sums would look no further otherwise.
    if (below(2) === 0) file = withChunkSums(file);
    yield { bytes: file, what: `${name}: ${done.join(', ')} (file ${index} of seed ${seed})` };
  }
}

interface Chance {
  below(limit: number): number;
  other: Buffer;
}

type Mutation = (file: Buffer<ArrayBuffer>, chance: Chance) => Buffer<ArrayBuffer>;

const mutations: readonly (readonly [string, Mutation])[] = [
  [
    'bytes',
    (file, { below }) =>
      each(file, 1 + below(30), () => file.fill(below(256), ...one(file, below))),
  ],
  [
    'bits',
    (file, { below }) =>
      each(file, 1 + below(30), () => {
        const at = below(file.length);
        file[at] = (file[at] ?? 0) ^ (1 << below(8));
      }),
  ],
  [
    'numbers at its head',
    (file, { below }) =>
      each(file, 1 + below(4), () => {
        const at = below(Math.max(1, Math.min(200, file.length - 4)));
        const value = extremes[below(extremes.length)] ?? 0;
        if (file.length < 4) return;
        if (below(2) === 0) file.writeUInt32BE(value, at);
        else file.writeUInt32LE(value, at);
      }),
  ],
  ['cut off', (file, { below }) => file.subarray(0, below(file.length + 1))],
  [
    'a piece left out',
    (file, { below }) => {
      const at = below(file.length + 1);
      return Buffer.concat([file.subarray(0, at), file.subarray(at + below(500))]);
    },
  ],
  [
    'a piece twice',
    (file, { below }) => {
      const at = below(file.length + 1);
      const piece = file.subarray(at, at + below(5000));
      return Buffer.concat([
        file.subarray(0, at),
        ...Array.from({ length: 1 + below(20) }, () => piece),
        file.subarray(at),
      ]);
    },
  ],
  [
    'the end of another',
    (file, { below, other }) =>
      Buffer.concat([
        file.subarray(0, below(file.length + 1)),
        other.subarray(below(other.length + 1)),
      ]),
  ],
  [
    'zeros',
    (file, { below }) => {
      const at = below(file.length + 1);
      return file.fill(0, at, Math.min(file.length, at + below(2000)));
    },
  ],
];

function each(file: Buffer<ArrayBuffer>, times: number, act: () => void): Buffer<ArrayBuffer> {
  for (let left = file.length === 0 ? 0 : times; left > 0; left -= 1) act();
  return file;
}

function one(file: Buffer, below: (limit: number) => number): [number, number] {
  const at = below(file.length);
  return [at, at + 1];
}

const pngSignature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

/** A PNG whose chunks have the sums that fit them. */
function withChunkSums(file: Buffer<ArrayBuffer>): Buffer<ArrayBuffer> {
  if (!file.subarray(0, 8).equals(pngSignature)) return file;
  for (let at = 8; at + 12 <= file.length; ) {
    const end = at + 8 + file.readUInt32BE(at);
    if (end + 4 > file.length) break;
    file.writeUInt32BE(crc32(file.subarray(at + 4, end)), end);
    at = end + 4;
  }
  return file;
}

/** Numbers in [0, 1) that depend on the seed alone. Source: Marsaglia, Xorshift RNGs, 2003. */
function xorshift(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
