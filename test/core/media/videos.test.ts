import { existsSync, mkdtempSync, readdirSync, readlinkSync } from 'node:fs';
import { chmod, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MediaProcess } from '@vistazo/core';
import { createTestBot } from '@vistazo/core/testing';
import sharp from 'sharp';
import { afterAll, afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { clip, programs, threeColours } from './video-files.ts';

/** A busy machine takes longer; what is about limits has its own. */
const patient = { maxCpuMs: 60_000 };
const media = new MediaProcess(patient, programs);
// Tests that run beside this one look at videos too, so that it has a folder of its own for temporary files.
const usualFolder = process.env.TMPDIR;
process.env.TMPDIR = mkdtempSync(join(tmpdir(), 'vistazo-videos-'));
afterAll(async () => {
  await media.close();
  const folder = tmpdir();
  if (usualFolder === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = usualFolder;
  await rm(folder, { recursive: true });
});

const left = () => readdirSync(tmpdir()).filter((name) => name.startsWith('vistazo-video-'));

afterEach(() => expect(left()).toEqual([]));

/** Which of red, green and blue a picture is. */
async function colourOf({ bytes }: { bytes: Uint8Array }): Promise<string> {
  const { channels } = await sharp(bytes).stats();
  const means = channels.slice(0, 3).map(({ mean }) => mean);
  return ['red', 'green', 'blue'][means.indexOf(Math.max(...means))] ?? '';
}

/** Like that of a process that is gone. */
async function abandonedFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vistazo-video-'));
  await writeFile(join(folder, 'video'), 'Somebody and their dog.');
  return folder;
}

/** In which the ids of processes count. */
function namespace(): string {
  if (process.platform !== 'linux') return '0';
  return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
}

/** A program that stands in for ffmpeg and ffprobe, gone after the test. */
async function program(name: string, script: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vistazo-program-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

describe('a video', () => {
  it('is removed at the start of the next bot when its process was killed', async () => {
    // An id above all that Linux gives, and one that lives, but began at another time.
    const killed = [`4194305-1`, `${process.pid}-1`].map((marks) =>
      mkdtemp(join(tmpdir(), `vistazo-video-${marks}-${namespace()}-`)),
    );
    const [other] = await Promise.all([
      mkdtemp(join(tmpdir(), 'vistazo-video-4194305-1-1-')),
      ...killed,
    ]);
    const bot = await createTestBot();
    onTestFinished(() => bot.close());
    const folders = [...(await Promise.all(killed)), other];
    // Whether that of another container is used nobody can see from here.
    expect(folders.map((folder) => existsSync(folder))).toEqual([false, false, true]);
    await rm(other, { recursive: true });
  });

  it('stays on the disk while it is read, whoever starts meanwhile', async () => {
    const reader = new MediaProcess(patient, programs);
    onTestFinished(() => reader.close());
    const reading = reader.picturesIn(clip({ source: 'testsrc=d=4:s=640x480:r=30' }));
    await expect.poll(() => left().length, { interval: 1 }).toBeGreaterThan(0);
    await media.tidy();
    expect(left()).not.toEqual([]);
    await expect(reading).resolves.not.toEqual([]);
  });

  it('is removed from the disk also when the process was killed that read it', async () => {
    const [old, fresh] = [await abandonedFolder(), await abandonedFolder()];
    await utimes(old, new Date(0), new Date(0));
    const later = new MediaProcess(patient, programs);
    onTestFinished(() => later.close());
    await later.picturesIn(clip({ source: 'testsrc=d=1:s=64x48:r=2' }));
    expect([old, fresh].map((folder) => existsSync(folder))).toEqual([false, true]);
    await rm(fresh, { recursive: true });
  });

  it.each([
    ['MP4 with H.264', threeColours({ args: ['-c:v', 'libx264', '-g', '300'] })],
    ['MP4 with MPEG-4', threeColours({ args: ['-c:v', 'mpeg4'] })],
    ['MOV', threeColours({ extension: 'mov', args: ['-c:v', 'libx264'] })],
    ['WebM with VP9', threeColours({ extension: 'webm', args: ['-c:v', 'libvpx-vp9'] })],
    ['Matroska', threeColours({ extension: 'mkv', args: ['-c:v', 'libx264'] })],
    ['AVI', threeColours({ extension: 'avi', args: ['-c:v', 'mpeg4'] })],
    ['Ogg', threeColours({ extension: 'ogv', args: ['-c:v', 'libtheora', '-g', '20'] })],
  ])('gives frames from the first to the last with their times: %s', async (container, bytes) => {
    // It has no index, so that a time in it is found less exactly.
    const toleranceMs = container === 'Ogg' ? 2100 : 250;
    const frames = await media.picturesIn(bytes, { maxVideoFrames: 3 });
    const colours = await Promise.all(frames.map(colourOf));
    expect(colours).toEqual(['red', 'green', 'blue']);
    const places = frames.map(({ place }) => (place?.type === 'frame' ? place : undefined));
    for (const [index, expectedMs] of [0, 5925, 11_850].entries()) {
      const { atMs = -1, durationMs = -1 } = places[index] ?? {};
      expect(Math.abs(atMs - expectedMs)).toBeLessThan(toleranceMs);
      expect(Math.abs(durationMs - 12_000)).toBeLessThan(toleranceMs);
    }
    expect(
      frames.map(({ mediaType, widthPx, heightPx }) => [mediaType, widthPx, heightPx]),
    ).toEqual(frames.map(() => ['image/png', 64, 48]));
  });

  it.each([
    ['MP4', 'mp4', ['-c:v', 'libx264', '-c:a', 'aac']],
    ['MOV', 'mov', ['-c:v', 'libx264', '-c:a', 'pcm_s16le']],
    ['WebM', 'webm', ['-c:v', 'libvpx', '-c:a', 'libopus']],
  ])('with sound gives the same: %s', async (_, extension, args) => {
    const bytes = clip({ extension, args: ['-f', 'lavfi', '-i', 'sine=d=12', ...args] });
    expect(await media.picturesIn(bytes, { maxVideoFrames: 3 })).toHaveLength(3);
  });

  it('that does not say how long it is, as browsers record them, is measured', async () => {
    const bytes = threeColours({ extension: 'webm', args: ['-c:v', 'libvpx', '-live', '1'] });
    const frames = await media.picturesIn(bytes, { maxVideoFrames: 2 });
    expect(await Promise.all(frames.map(colourOf))).toEqual(['red', 'blue']);
    expect(frames.at(-1)?.place).toMatchObject({ durationMs: 11_900 });
  });

  it('is turned and stretched as people see it, and made smaller', async () => {
    const turned = clip({ args: ['-c:v', 'libx264', '-vf', 'scale=64:48,setsar=2/1'] });
    expect((await media.picturesIn(turned))[0]).toMatchObject({ widthPx: 128, heightPx: 48 });
    const large = clip({ source: 'testsrc=d=0.2:s=2000x1000:r=10' });
    expect((await media.picturesIn(large))[0]).toMatchObject({ widthPx: 1536, heightPx: 768 });
  });

  it('keeps its times whatever its title says', async () => {
    const title =
      '[Parsed_showinfo_1 @ 0x1] n: 0 pts: 0 pts_time:7000\n[Parsed_showinfo_1 @ 0x1] n: 0 pts: 0 pts_time:..';
    const bytes = clip({ args: ['-metadata', `title=${title}`] });
    const places = (await media.picturesIn(bytes, { maxVideoFrames: 2 })).map(({ place }) => place);
    expect(places).toEqual([
      { type: 'frame', atMs: 0, durationMs: 12_000 },
      { type: 'frame', atMs: 11_900, durationMs: 12_000 },
    ]);
  });

  it('gives each of its frames once when it has few', async () => {
    const two = clip({ source: 'testsrc=d=0.2:s=64x48:r=10' });
    expect(await media.picturesIn(two)).toHaveLength(2);
    const one = clip({ source: 'testsrc=d=0.1:s=64x48:r=10' });
    expect(await media.picturesIn(one)).toHaveLength(1);
    expect(await media.picturesIn(clip(), { maxVideoFrames: 1 })).toMatchObject([
      { place: { atMs: 0 } },
    ]);
  });

  it('gives whole pictures with their own times where all between them takes too long', async () => {
    const bytes = threeColours({ args: ['-c:v', 'libx264', '-g', '10'] });
    // Ends as the kernel ends what has used up its processor time.
    const ffmpegPath = await program(
      'ffmpeg',
      `case "$*" in *skip_frame*) exec ${programs.ffmpegPath} "$@";; esac\nkill -XCPU $$`,
    );
    const slow = new MediaProcess(patient, { ...programs, ffmpegPath });
    try {
      const frames = await slow.picturesIn(bytes, { maxVideoFrames: 3 });
      expect(await Promise.all(frames.map(colourOf))).toEqual(['red', 'green', 'blue']);
      expect(frames.map(({ place }) => place?.type === 'frame' && place.atMs)).toEqual([
        0, 5000, 11_000,
      ]);
    } finally {
      await slow.close();
    }
  });
});

describe('a video that cannot be looked at', () => {
  it.each([
    ['cut off', () => clip().subarray(0, 4000), 'picture.corrupt', 'The video is cut off'],
    ['a header alone', () => Buffer.from('\0\0\0\x18ftypisom'), 'picture.corrupt', 'cut off'],
    [
      'sound alone',
      () => clip({ source: 'sine=d=1', extension: 'm4a', args: ['-c:a', 'aac'] }),
      'picture.notAnImage',
      'no moving picture in it',
    ],
    [
      'HEIC',
      () => Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic'),
      'picture.notAnImage',
      'This is a HEIC photograph',
    ],
  ])('is refused by what it is: %s', async (_, make, code, words) => {
    await expect(media.picturesIn(make())).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words),
    });
  });

  it('is refused by what it says of itself, before it is decoded', async () => {
    const never = await program('ffmpeg', 'echo decoded >&2; exit 1');
    const careful = new MediaProcess({}, { ...programs, ffmpegPath: never });
    try {
      const bytes = clip();
      for (const [limits, code, words] of [
        [{ maxVideoPixels: 64 * 47 }, 'picture.tooLarge', 'The video is 64 × 48'],
        [{ maxVideoMs: 6000 }, 'picture.tooLarge', 'takes 0.2 minutes; at most 0.1'],
        [{ maxVideoFileFrames: 100 }, 'picture.tooManyFrames', 'more than 100 frames'],
        [{ maxBytes: 100 }, 'picture.tooLarge', 'MB are accepted'],
      ] as const) {
        await expect(careful.picturesIn(bytes, { limits })).rejects.toMatchObject({
          code,
          message: expect.stringContaining(words),
        });
      }
    } finally {
      await careful.close();
    }
  });

  it.each([
    ['a playlist', '#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n'],
    ['a list of files', "ffconcat version 1.0\nfile '/etc/passwd'\n"],
    ['a session description', 'v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n'],
  ])('is no video: %s', async (_, content) => {
    await expect(media.picturesIn(Buffer.from(content))).rejects.toMatchObject({
      code: 'picture.notAnImage',
    });
  });

  it.each([
    ['MP4', '\0\0\0\x18ftypisom'],
    ['Matroska', '\x1a\x45\xdf\xa3'],
    ['AVI', 'RIFF\0\0\0\0AVI '],
    ['Ogg', 'OggS'],
  ])('is read as what it begins as, whatever follows: %s', async (_, head) => {
    const list =
      "\n#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\nffconcat version 1.0\nfile '/etc/passwd'\n";
    const bytes = Buffer.from(head + list, 'latin1');
    expect(await outcome(media, bytes)).toMatch(/^picture\.(corrupt|notAnImage)$/);
  });

  it('names no other file that is read in its place', async () => {
    // A movie may say that its pictures are in another file.
    const bytes = Buffer.from(clip({ extension: 'mov' }));
    bytes.write('alis', bytes.indexOf('url '), 'latin1');
    bytes.writeUInt32BE(0, bytes.indexOf('alis') + 4);
    expect(await outcome(media, bytes)).toMatch(/^(shown|picture\.corrupt)$/);
  });
});

describe('ffmpeg', () => {
  it('is needed, and its absence is said plainly', async () => {
    const without = new MediaProcess({}, { ffmpegPath: null });
    const wrong = new MediaProcess({}, { ...programs, ffmpegPath: '/nowhere/ffmpeg' });
    try {
      expect(await without.ffmpegPath()).toBeUndefined();
      for (const each of [without, wrong]) {
        await expect(each.picturesIn(clip())).rejects.toMatchObject({
          code: 'picture.unsupported',
          message: expect.stringContaining(
            'cannot look at videos, because ffmpeg is not installed',
          ),
        });
      }
    } finally {
      await Promise.all([without.close(), wrong.close()]);
    }
  });

  it('is found on the PATH', async () => {
    const path = process.env.PATH;
    onTestFinished(() => {
      process.env.PATH = path;
    });
    const found = await program('ffmpeg', 'exit 1');
    await writeFile(join(found, '..', 'ffprobe'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    process.env.PATH = join(found, '..');
    expect(await new MediaProcess().ffmpegPath()).toBe(found);
  });

  it('gets nothing of the environment, and no shell', async () => {
    const spy = await program('ffprobe', 'env >&2; echo "$@" >&2; exit 1');
    process.env.VISTAZO_TEST_SECRET = 'hidden';
    onTestFinished(() => {
      delete process.env.VISTAZO_TEST_SECRET;
    });
    const spied = new MediaProcess({}, { ...programs, ffprobePath: spy });
    try {
      const error: unknown = await spied.picturesIn(clip()).catch((cause: unknown) => cause);
      const seen = error instanceof Error ? String(error.cause) : '';
      expect(seen).toContain('-protocol_whitelist file,pipe');
      expect(seen).toContain('-f mov -i file:video');
      expect(seen).not.toContain('hidden');
      expect(seen).not.toContain('HOME=');
    } finally {
      await spied.close();
    }
  });

  it.each([
    ['time', 'while :; do :; done', { maxCpuMs: 500 }, 'picture.timeout'],
    ['time on the clock', 'exec sleep 60', { timeoutMs: 500 }, 'picture.timeout'],
    ['output', 'exec cat /dev/zero', {}, 'picture.corrupt'],
  ])('is killed when it takes too much %s', async (_, script, limits, code) => {
    const ffprobePath = await program('ffprobe', script);
    const bounded = new MediaProcess(limits, { ...programs, ffprobePath });
    try {
      await expect(bounded.picturesIn(clip())).rejects.toMatchObject({ code });
    } finally {
      await bounded.close();
    }
  });

  it.skipIf(!existsSync('/proc/self/status'))('is held to its memory (needs /proc)', async () => {
    const ffprobePath = await program('ffprobe', 'x=y; while :; do x="$x$x"; done');
    const bounded = new MediaProcess(
      { maxMemoryBytes: 64 * 2 ** 20, maxCpuMs: 60_000 },
      { ...programs, ffprobePath },
    );
    try {
      expect(await outcome(bounded, clip())).toMatch(/^picture\.(tooLarge|corrupt)$/);
    } finally {
      await bounded.close();
    }
  });

  it('ends with an abort, before, while it waits and while it works', async () => {
    const ffprobePath = await program('ffprobe', 'exec sleep 60');
    const slow = new MediaProcess({}, { ...programs, ffprobePath });
    try {
      const bytes = clip();
      const early = slow.picturesIn(bytes, { signal: AbortSignal.abort() });
      await expect(early).rejects.toMatchObject({ name: 'AbortError' });
      const [working, waiting] = [new AbortController(), new AbortController()];
      const first = slow.picturesIn(bytes, { signal: working.signal });
      const second = slow.picturesIn(bytes, { signal: waiting.signal });
      const ended = Promise.all([
        expect(first).rejects.toMatchObject({ name: 'AbortError' }),
        expect(second).rejects.toMatchObject({ name: 'AbortError' }),
      ]);
      await expect.poll(() => left().length).toBeGreaterThan(0);
      waiting.abort();
      working.abort();
      await ended;
    } finally {
      await slow.close();
    }
  });

  it('ends when the process is closed', async () => {
    const ffprobePath = await program('ffprobe', 'exec sleep 60');
    const closing = new MediaProcess({}, { ...programs, ffprobePath });
    const refused = expect(closing.picturesIn(clip())).rejects.toMatchObject({
      code: 'engine.closed',
    });
    await expect.poll(() => left().length).toBeGreaterThan(0);
    await closing.close();
    await refused;
  });
});

async function outcome(process: MediaProcess, bytes: Uint8Array): Promise<string> {
  try {
    await process.picturesIn(bytes);
    return 'shown';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}
