import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { gif, jpegOfSize, pngBomb, pngOfSize } from './hostile-files.ts';

/** A file to attack with, and what was done to it, to tell when it does harm. */
export interface MutatedFile {
  bytes: Uint8Array;
  what: string;
}

/** Numbers that sizes, counts and offsets are overwritten with. */
const extremes = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0xffffffff];

/** Good and hostile pictures of every kind, small and large, still and moving. */
async function originals(): Promise<{ name: string; bytes: Uint8Array }[]> {
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

/** `count` files that follow from the seed, each damaged in one to four ways. */
export async function* mutatedFiles(count: number, seed: number): AsyncGenerator<MutatedFile> {
  const pictures = await originals();
  const random = xorshift(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = <T>(values: readonly T[]): T => values[below(values.length)] as T;
  for (let index = 0; index < count; index += 1) {
    const { name, bytes } = pick(pictures);
    let file = Buffer.from(bytes);
    const done: string[] = [];
    for (let round = 1 + below(4); round > 0; round -= 1) {
      const [what, mutate] = pick(mutations);
      file = mutate(file, { below, other: Buffer.from(pick(pictures).bytes) });
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
