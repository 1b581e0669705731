import sharp from 'sharp';
import { gif, pngBomb } from './core/media/hostile-files.ts';

/** A file that cannot be answered about, and what has to be said of it. */
export interface BadPicture {
  what: string;
  name: string;
  make: () => Promise<Uint8Array>;
  code: string;
  /** Part of the sentence, the mend included. */
  sentence: string;
}

/** A small picture that can be answered about. */
export function goodPicture(): Promise<Buffer> {
  return sharp({ create: { width: 90, height: 60, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
}

const accepted =
  'JPEG, PNG, WebP, GIF, AVIF and PDF can be read, and videos where the bot looks at them.';

/** Every kind of bad file that a person may post. */
export const badPictures: BadPicture[] = [
  {
    what: 'something that is no picture',
    name: 'note.txt.png',
    make: async () => Buffer.from('just a note'),
    code: 'picture.notAnImage',
    sentence: `This is text, not a picture; ${accepted}`,
  },
  {
    what: 'an SVG drawing with the extension of a PNG',
    name: 'drawing.png',
    make: async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
    code: 'picture.notAnImage',
    sentence: `This is an SVG drawing, not a picture; ${accepted}`,
  },
  {
    what: 'a HEIC photograph with the extension of a JPEG',
    name: 'photo.jpg',
    make: async () => Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'),
    code: 'picture.notAnImage',
    sentence: `This is a HEIC photograph, which cannot be read here; ${accepted} Save it as JPEG and send that. An iPhone takes JPEG with Settings, Camera, Formats, Most Compatible.`,
  },
  {
    what: 'a truncated picture',
    name: 'half.png',
    make: async () => (await goodPicture()).subarray(0, 60),
    code: 'picture.corrupt',
    sentence: 'The picture is cut off or damaged and cannot be read; send it again.',
  },
  {
    what: 'no bytes',
    name: 'empty.png',
    make: async () => Buffer.alloc(0),
    code: 'picture.empty',
    sentence: 'The picture has no bytes; send it again.',
  },
  {
    what: '100 megapixels',
    name: 'huge.png',
    make: async () => pngBomb(10_000, 10_000),
    code: 'picture.tooLarge',
    sentence:
      'The picture is 10000 × 10000, 100 megapixels; at most 50 are accepted. Make it smaller.',
  },
  {
    what: 'a GIF of 200,000 frames',
    name: 'long.gif',
    make: async () => gif(200_000),
    code: 'picture.tooManyFrames',
    sentence: 'The animation has more than 10,000 frames; send a shorter one.',
  },
];
