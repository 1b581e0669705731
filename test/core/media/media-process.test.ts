import { existsSync, readFileSync } from 'node:fs';
import { MediaProcess, VistazoError } from '@vistazo/core';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { gif, jpegOfSize, pngBomb, pngOfSize } from './hostile-files.ts';
import { framesOf, mediaPids } from './media-fixture.ts';
import { mutatedFiles } from './mutated-files.ts';

const kinds = ['jpeg', 'png', 'webp', 'gif', 'avif'] as const;
const text = (content: string) => new TextEncoder().encode(content);
const files: Record<string, Uint8Array> = {};
const media = new MediaProcess();

beforeAll(async () => {
  const noise = { type: 'gaussian', mean: 128, sigma: 50 } as const;
  const raw = await sharp({
    create: { width: 48, height: 32, channels: 3, background: 'white', noise },
  })
    .raw()
    .toBuffer();
  const picture = sharp(raw, { raw: { width: 48, height: 32, channels: 3 } });
  for (const kind of kinds) files[kind] = await picture.clone()[kind]().toBuffer();
});

afterAll(() => media.close());

// Whatever a test did to it, the process decodes the next picture.
afterEach(async () => {
  expect(await media.inspect(file('png'))).toMatchObject({ widthPx: 48, heightPx: 32 });
});

function file(kind: string): Uint8Array {
  const bytes = files[kind];
  if (bytes === undefined) throw new Error(`no ${kind}`);
  return bytes;
}

/** Something that takes seconds to decode. */
const slowPicture = () => gif(5000, 1000, 1000);

describe('a picture that is none', () => {
  it.each([
    ['no bytes', new Uint8Array(), 'picture.empty', 'has no bytes; send it again'],
    ['text', text('hello'), 'picture.notAnImage', 'This is text'],
    [
      'an SVG',
      text('<svg xmlns="http://www.w3.org/2000/svg"/>'),
      'picture.notAnImage',
      'This is an SVG drawing',
    ],
    [
      'an SVG with a declaration and a comment before it',
      text('\ufeff<?xml version="1.0"?>\n<!-- drawn by hand -->\n<svg width="1" height="1"></svg>'),
      'picture.notAnImage',
      'This is an SVG drawing',
    ],
    ['a web page', text('\n<!DOCTYPE html><p>404'), 'picture.notAnImage', 'This is a web page'],
    ['a PDF', text('%PDF-1.7'), 'picture.notAnImage', 'This is a PDF document'],
    ['a ZIP archive', text('PK\x03\x04'), 'picture.notAnImage', 'This is a ZIP archive'],
    ['a video', text('\0\0\0\x20ftypisom'), 'picture.notAnImage', 'This is a video'],
    ['a BMP', text('BM\0\0\0\0'), 'picture.notAnImage', 'This is a BMP file'],
    ['a TIFF', text('II*\0\0\0'), 'picture.notAnImage', 'This is a TIFF file'],
    [
      'a HEIC photograph',
      Buffer.from('\0\0\0\x18ftypmif1\0\0\0\0mif1heic', 'latin1'),
      'picture.notAnImage',
      'Save it as JPEG and send that.',
    ],
    ['anything', new Uint8Array(9), 'picture.notAnImage', 'a file of an unknown kind'],
    ['the first byte of a JPEG', new Uint8Array([0xff]), 'picture.notAnImage', 'unknown kind'],
    ['the first bytes of a JPEG', new Uint8Array([0xff, 0xd8, 0xff]), 'picture.corrupt', 'cut off'],
    [
      'the first bytes of a PNG',
      Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
      'picture.corrupt',
      'cut off',
    ],
    ['the first bytes of a GIF', text('GIF89a'), 'picture.corrupt', 'cut off'],
    ['the first bytes of a WebP', text('RIFF\0\0\0\0WEBP'), 'picture.corrupt', 'cut off'],
  ])('%s is refused by what it looks like', async (_, bytes, code, words) => {
    for (const work of [media.inspect(bytes), media.normalise(bytes), framesOf(media, bytes)]) {
      await expect(work).rejects.toMatchObject({
        name: 'VistazoError',
        code,
        message: expect.stringContaining(words),
      });
    }
  });
});

describe('a picture cut off', () => {
  it.each(kinds)('in the middle is refused: %s', async (kind) => {
    const half = file(kind).subarray(0, file(kind).length / 2);
    await expect(media.normalise(half)).rejects.toMatchObject({ code: 'picture.corrupt' });
    await expect(framesOf(media, half)).rejects.toMatchObject({ code: 'picture.corrupt' });
  });

  it.each(kinds)('anywhere is refused or shown, and nothing else happens: %s', async (kind) => {
    for (let length = 0; length < file(kind).length; length += Math.ceil(file(kind).length / 40)) {
      await expectPictureOrError(file(kind).subarray(0, length));
    }
  });
});

/** Either every pixel of every frame, or a documented error about the picture. */
async function expectPictureOrError(bytes: Uint8Array): Promise<'shown' | 'refused'> {
  try {
    const { bytes: stored, widthPx, heightPx } = await media.normalise(bytes);
    const sizes = await sharp(stored).metadata();
    expect([sizes.width, sizes.height].sort()).toEqual([widthPx, heightPx].sort());
    return 'shown';
  } catch (error) {
    expect(error).toBeInstanceOf(VistazoError);
    expect(error).toMatchObject({ code: expect.stringMatching(/^picture\./) });
    return 'refused';
  }
}

describe('wild bytes', () => {
  const mutation = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), byte: fc.nat(255) });

  it('of no kind are refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        expect(await expectPictureOrError(bytes)).toBe('refused');
      }),
      { numRuns: 100 },
    );
  });

  it.each(kinds)('after the beginning of a %s are refused or shown', async (kind) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(64), fc.uint8Array({ maxLength: 300 }), async (kept, rest) => {
        await expectPictureOrError(Buffer.concat([file(kind).subarray(0, 16 + kept), rest]));
      }),
      { numRuns: 40 },
    );
  });

  it.each(kinds)('in the midst of a %s are refused or shown', async (kind) => {
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 20 }), async (mutations) => {
        const bytes = Uint8Array.from(file(kind));
        for (const { at, byte } of mutations) bytes[Math.floor(at * (bytes.length - 1))] = byte;
        await expectPictureOrError(bytes);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a damaged or hostile picture', () => {
  it('is refused or shown, whatever was done to it (more of them: npm run attack)', async () => {
    for await (const { bytes, what } of mutatedFiles(400, 5)) {
      await expect(expectPictureOrError(bytes), what).resolves.toBeDefined();
    }
    await expect(media.inspect(file('png'))).resolves.toMatchObject({ mediaType: 'image/png' });
  });
});

describe('a picture too large', () => {
  it.each([
    ['PNG', pngOfSize(10_000, 10_000), '10000 × 10000, 100 megapixels; at most 50'],
    ['PNG that really has them', pngBomb(10_000, 10_000), '100 megapixels; at most 50'],
    ['PNG', pngOfSize(2_000_000_000, 2_000_000_000), 'picture'],
    ['JPEG', jpegOfSize(65_000, 65_000), '4225 megapixels; at most 50'],
  ])('is refused by its header: %s', async (_, bytes, words) => {
    const inspected = media.inspect(bytes);
    await expect(inspected).rejects.toMatchObject({
      code: expect.stringMatching(/^picture\.(tooLarge|corrupt)$/),
      message: expect.stringContaining(words),
    });
    await expect(media.normalise(bytes)).rejects.toMatchObject({ name: 'VistazoError' });
  });

  it('in bytes is refused before it is read', async () => {
    await expect(media.inspect(file('png'), { limits: { maxBytes: 100 } })).rejects.toMatchObject({
      code: 'picture.tooLarge',
      message: expect.stringContaining('Make it smaller'),
    });
  });

  it('as its limits say', async () => {
    await expect(media.inspect(file('png'), { limits: { maxPixels: 48 * 31 } })).rejects.toThrow(
      '48 × 32',
    );
    expect(await media.inspect(file('png'), { limits: { maxPixels: 48 * 32 } })).toMatchObject({
      widthPx: 48,
    });
  });
});

describe('an animation', () => {
  it('of 200,000 frames is refused by its structure', async () => {
    await expect(media.normalise(gif(200_000))).rejects.toMatchObject({
      code: 'picture.tooManyFrames',
      message: 'The animation has more than 10,000 frames; send a shorter one.',
    });
  });

  it.skipIf(!existsSync('/proc/self/status'))(
    'of 200,000 frames takes no more memory than a still picture of its bytes (needs /proc)',
    async () => {
      const fresh = new MediaProcess();
      try {
        const bytes = gif(200_000);
        const before = mediaPids();
        await expect(fresh.inspect(bytes)).rejects.toMatchObject({ code: 'picture.tooManyFrames' });
        const [pid] = mediaPids().filter((each) => !before.includes(each));
        const peakKb = Number(
          /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1],
        );
        expect(peakKb).toBeGreaterThan(10_000);
        expect(peakKb).toBeLessThan(300_000);
      } finally {
        await fresh.close();
      }
    },
  );

  it.each([1, 2, 3, 10])(
    'of ten frames gives %i of them, from the first to the last',
    async (maxFrames) => {
      const frames = await framesOf(media, await tenShades(), { maxFrames });
      const shades = frames.map(({ pixels }) => pixels[0]);
      const all = [0, 20, 40, 60, 80, 100, 120, 140, 160, 180];
      expect(shades).toEqual({ 1: [0], 2: [0, 180], 3: [0, 100, 180], 10: all }[maxFrames]);
    },
  );

  it('whose frames are all alike is stored as one', async () => {
    expect(await media.inspect(gif(5))).toMatchObject({ frames: 5 });
    expect(await media.normalise(gif(5))).toMatchObject({ frames: 1 });
  });

  function tenShades(): Promise<Uint8Array> {
    const pixels = Buffer.alloc(8 * 80 * 3);
    for (let frame = 0; frame < 10; frame += 1)
      pixels.fill(frame * 20, frame * 192, (frame + 1) * 192);
    const raw = { width: 8, height: 80, channels: 3, pageHeight: 8 } as const;
    return sharp(pixels, { raw }).webp({ lossless: true }).toBuffer();
  }
});

describe('the process', () => {
  it('gives a picture of each kind its size, whatever it is called', async () => {
    for (const kind of kinds) {
      expect(await media.inspect(file(kind))).toEqual({
        mediaType: `image/${kind}`,
        widthPx: 48,
        heightPx: 32,
        frames: 1,
      });
    }
  });

  it('stops a picture that takes longer than it may, and serves those that wait', async () => {
    const slow = media.normalise(slowPicture(), { limits: { timeoutMs: 200 } });
    const waiting = media.inspect(file('jpeg'));
    await expect(slow).rejects.toMatchObject({
      code: 'picture.timeout',
      message: expect.stringContaining('longer than 0.2 s and was stopped; send a smaller one'),
    });
    expect(await waiting).toMatchObject({ mediaType: 'image/jpeg' });
  });

  it('stops a picture that uses more processor time than it may, and serves those that wait', async () => {
    const slow = media.normalise(slowPicture(), { limits: { maxCpuMs: 300 } });
    const waiting = media.inspect(file('jpeg'));
    await expect(slow).rejects.toMatchObject({
      code: 'picture.timeout',
      message: expect.stringContaining('more than 0.3 s of processor time and was stopped'),
    });
    expect(await waiting).toMatchObject({ mediaType: 'image/jpeg' });
  });

  it('stops a picture that uses more memory than it may, and serves those that wait', async () => {
    const limits = { maxMemoryBytes: 120 * 2 ** 20 };
    const large = framesOf(media, pngBomb(7000, 7000), { tilePx: 1000, limits });
    const waiting = media.inspect(file('jpeg'));
    await expect(large).rejects.toMatchObject({
      code: 'picture.tooLarge',
      message: expect.stringContaining('more than 120 MB of memory and was stopped'),
    });
    expect(await waiting).toMatchObject({ mediaType: 'image/jpeg' });
  });

  it('tries a picture in a new process for which the ones before left no room', async () => {
    const fresh = new MediaProcess();
    try {
      const sheet = sharp({
        create: { width: 5000, height: 5000, channels: 3, background: '#888' },
      });
      const bytes = await sheet.png().toBuffer();
      // One after the other fits, both at once would not.
      const limits = { maxMemoryBytes: 220 * 2 ** 20 };
      for (let round = 0; round < 2; round++)
        expect(await framesOf(fresh, bytes, { limits })).toHaveLength(1);
    } finally {
      await fresh.close();
    }
  });

  it('gives back the memory of a large picture before the next one', async () => {
    await media.inspect(file('png'));
    const before = mediaPids();
    await media.inspect(file('png'));
    expect(mediaPids()).toEqual(before);
    await framesOf(media, pngBomb(7000, 7000), { tilePx: 1000 });
    await media.inspect(file('png'));
    expect(mediaPids().filter((pid) => before.includes(pid))).toEqual([]);
  });

  it('answers after it was killed between two pictures', async () => {
    await media.inspect(file('png'));
    for (const pid of mediaPids()) process.kill(pid, 'SIGKILL');
    expect(await media.inspect(file('jpeg'))).toMatchObject({ mediaType: 'image/jpeg' });
  });

  it('starts again when it is killed in the middle of a picture', async () => {
    const slow = media.normalise(gif(200, 1000, 1000));
    await expect.poll(() => mediaPids().length).toBeGreaterThan(0);
    for (const pid of mediaPids()) process.kill(pid, 'SIGKILL');
    expect(await slow).toMatchObject({ mediaType: 'image/webp' });
  });

  it('gives up a picture that kills it each time', async () => {
    const killer = setInterval(() => {
      for (const pid of mediaPids()) process.kill(pid, 'SIGKILL');
    }, 20);
    try {
      await expect(media.normalise(slowPicture())).rejects.toMatchObject({
        code: 'picture.corrupt',
        message: expect.stringContaining('made the decoder fail; save it anew'),
      });
    } finally {
      clearInterval(killer);
    }
  });

  it('drops a picture that is aborted, before, while it waits and while it is decoded', async () => {
    const early = media.inspect(file('png'), { signal: AbortSignal.abort() });
    await expect(early).rejects.toMatchObject({ name: 'AbortError' });
    const decoding = new AbortController();
    const waiting = new AbortController();
    const first = media.normalise(slowPicture(), { signal: decoding.signal });
    const second = media.inspect(file('png'), { signal: waiting.signal });
    waiting.abort();
    await expect(second).rejects.toMatchObject({ name: 'AbortError' });
    decoding.abort();
    await expect(first).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('ends when it is closed, with what it was doing', async () => {
    const closing = new MediaProcess();
    const before = mediaPids();
    const slow = closing.normalise(slowPicture());
    const refused = expect(slow).rejects.toMatchObject({ code: 'engine.closed' });
    await closing.close();
    await refused;
    await expect(closing.inspect(file('png'))).rejects.toMatchObject({ code: 'engine.closed' });
    await expect.poll(mediaPids).toEqual(before);
  });
});
