import { writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { isDiskFull } from '../../disk-full.js';
import { VistazoError } from '../../errors.js';
import { checkBytes } from '../check-bytes.js';
import { longestEdgePx, type PictureLimits } from '../picture-limits.js';
import type { VideoFormat } from '../sniff.js';
import {
  frameArguments,
  packetTimesArguments,
  probeArguments,
  videoFileName,
} from './ffmpeg-arguments.js';
import { findProgram, isExecutable } from './find-program.js';
import { inPrivateFolder, removeAbandonedFolders } from './private-folder.js';
import { checkVideo, corruptVideo, parseProbe, type VideoInfo } from './probe.js';
import { type ProgramEnd, ProgramOverran, runProgram } from './run-program.js';

/** Where ffmpeg is. */
export interface VideoPrograms {
  /** Path of ffmpeg; null looks at no videos. Default: the one on the `PATH`, if there is one. */
  ffmpegPath?: string | null;
  /** Path of ffprobe. Default: the one beside ffmpeg, or on the `PATH`. */
  ffprobePath?: string;
}

/** Some frames of a video, in order. @internal */
export interface VideoFrames {
  durationMs: number;
  /** Each as a PNG that is as little to be trusted as the video. */
  frames: Frame[];
}

interface Frame {
  atMs: number;
  bytes: Uint8Array;
}

/** What is wanted of a video. @internal */
export interface VideoRequest {
  format: VideoFormat;
  maxFrames: number;
  limits: PictureLimits;
  signal: AbortSignal;
}

const maxPngBytes = longestEdgePx * longestEdgePx * 3 + 2 ** 20;
const maxTextBytes = 4 * 2 ** 20;

/** Reads frames out of videos with ffmpeg, one video at a time, each program as a process of its own. @internal */
export class VideoReader {
  /** Never rejects. */
  #last: Promise<unknown> = Promise.resolve();
  #found: Promise<{ ffmpeg: string; ffprobe: string } | undefined> | undefined;
  #tidied: Promise<void> | undefined;

  constructor(private readonly programs: VideoPrograms = {}) {}

  /**
   * Up to `maxFrames` frames from the first to the last, evenly spread.
   * Throws `picture.unsupported` where ffmpeg is not installed, and the other `picture.*` codes.
   */
  read(bytes: Uint8Array, request: VideoRequest): Promise<VideoFrames> {
    const work = this.#last.then(() => this.#read(bytes, request));
    this.#last = work.catch(() => {});
    return work;
  }

  /** Resolves when no video is read any more. */
  async idle(): Promise<void> {
    await this.#last;
  }

  /** Removes what processes left behind that were killed while they read a video. */
  tidy(): Promise<void> {
    this.#tidied = removeAbandonedFolders();
    return this.#tidied;
  }

  /** Where ffmpeg was found; undefined where it was not. */
  async ffmpegPath(): Promise<string | undefined> {
    return (await this.#find())?.ffmpeg;
  }

  async #read(bytes: Uint8Array, request: VideoRequest): Promise<VideoFrames> {
    request.signal.throwIfAborted();
    checkBytes(bytes, request.limits);
    const found = await this.#find();
    if (found === undefined) throw notInstalled();
    await (this.#tidied ?? this.tidy());
    try {
      return await inPrivateFolder(async (folder) => {
        await writeFile(join(folder, videoFileName), bytes, { mode: 0o600 });
        return new VideoReading(found, folder, request).frames();
      });
    } catch (error) {
      throw isDiskFull(error) ? diskFull(error) : error;
    }
  }

  #find() {
    this.#found ??= find(this.programs);
    return this.#found;
  }
}

async function find({ ffmpegPath, ffprobePath }: VideoPrograms) {
  if (ffmpegPath === null) return undefined;
  const ffmpeg = ffmpegPath ?? (await findProgram('ffmpeg'));
  if (ffmpeg === undefined) return undefined;
  const ffprobe =
    ffprobePath ??
    (await findProgram('ffprobe', [dirname(ffmpeg)])) ??
    (await findProgram('ffprobe'));
  if (ffprobe === undefined) return undefined;
  // They run in another folder.
  const found = { ffmpeg: resolve(ffmpeg), ffprobe: resolve(ffprobe) };
  const areThere = await Promise.all(Object.values(found).map(isExecutable));
  return areThere.every(Boolean) ? found : undefined;
}

/**
 * The programs work in one thread, so that their processor time is what a person waits: they get less of
 * it, and of time on the clock not much more. The frames are decoded once more afterwards, which takes the rest.
 */
const shares = { cpu: 0.6, clock: 0.8 };

/** How `showinfo` tells the time of the first frame. What a file says of itself is never at the beginning of a line. */
const shownTime = /^\[Parsed_showinfo_\d+ @ \w+\] n: *0 pts: *\S+ +pts_time:(-?\d+(?:\.\d+)?)/m;

/** Where nothing is found at a time, as in streams without an index, it is looked for so much earlier. */
const stepBackMs = 2000;

/** One video in its folder. */
class VideoReading {
  #cpuLeftMs: number;
  readonly #endsAtMs: number;
  /** Until decoding all between two whole pictures turns out to take too long. */
  #exact = true;

  constructor(
    private readonly programs: { ffmpeg: string; ffprobe: string },
    private readonly folder: string,
    private readonly request: VideoRequest,
  ) {
    const { maxCpuMs, timeoutMs } = request.limits;
    this.#cpuLeftMs = shares.cpu * maxCpuMs;
    this.#endsAtMs = performance.now() + Math.min(timeoutMs, shares.clock * maxCpuMs);
  }

  async frames(): Promise<VideoFrames> {
    const { limits } = this.request;
    const info = await this.#probe();
    checkVideo(info, limits);
    const durationMs = info.durationMs || (await this.#lastPacketMs());
    checkVideo({ ...info, durationMs }, limits);
    const frames: VideoFrames['frames'] = [];
    const times = this.#times(info, durationMs);
    for (const [index, atMs] of times.entries()) {
      const frame = await this.#frame(atMs, times.length - index, frames.length > 0);
      if (frame === undefined || frame.atMs <= (frames.at(-1)?.atMs ?? -1)) continue;
      frames.push({ ...frame, atMs: Math.min(frame.atMs, durationMs) });
    }
    if (frames.length === 0) throw corruptVideo();
    return { durationMs, frames };
  }

  #times({ frames = Number.POSITIVE_INFINITY, frameMs }: VideoInfo, durationMs: number): number[] {
    const count = Math.min(this.request.maxFrames, frames);
    // Half a frame before the last one begins, so that it is the one found.
    const lastMs = Math.max(0, durationMs - 1.5 * frameMs);
    if (count === 1 || lastMs === 0) return [0];
    return Array.from({ length: count }, (_, index) => (index * lastMs) / (count - 1));
  }

  async #probe(): Promise<VideoInfo> {
    const { format } = this.request;
    const end = await this.#run('ffprobe', probeArguments(format), maxTextBytes);
    if (!end.succeeded) throw corruptVideo(end.complaints);
    return parseProbe(end.output.toString('utf8'));
  }

  /** Recordings of browsers do not say how long they are. */
  async #lastPacketMs(): Promise<number> {
    const { format } = this.request;
    const end = await this.#run('ffprobe', packetTimesArguments(format), maxTextBytes);
    const seconds = end.output.toString('utf8').split('\n').map(Number.parseFloat);
    return Math.round(seconds.reduce((last, at) => (at > last ? at : last), 0) * 1000);
  }

  /** The frame at a time; undefined where there is none, or where the time is over and some are there. */
  async #frame(atMs: number, left: number, hasSome: boolean): Promise<Frame | undefined> {
    try {
      return (
        (this.#exact ? await this.#decode(atMs, left, true) : undefined) ??
        (await this.#decode(atMs, left, false)) ??
        (await this.#decode(Math.max(0, atMs - stepBackMs), left, this.#exact))
      );
    } catch (error) {
      if (!(error instanceof VistazoError) || error.code !== 'picture.timeout') throw error;
      if (this.#exact) {
        this.#exact = false;
        return this.#frame(atMs, left, hasSome);
      }
      if (hasSome) return undefined;
      throw error;
    }
  }

  async #decode(atMs: number, left: number, exact: boolean): Promise<Frame | undefined> {
    const { format, limits } = this.request;
    const args = frameArguments(format, limits, { atMs, exact });
    const end = await this.#run('ffmpeg', args, maxPngBytes, this.#cpuLeftMs / left);
    if (/Cannot allocate memory/.test(end.complaints) && end.output.length === 0)
      throw overranError('memory', limits);
    if (end.output.length === 0) return undefined;
    const afterSeconds = shownTime.exec(end.complaints)?.[1];
    const foundAtMs = Math.round(atMs + 1000 * Number(afterSeconds ?? 0));
    return { atMs: Math.max(0, foundAtMs), bytes: new Uint8Array(end.output) };
  }

  async #run(
    program: 'ffmpeg' | 'ffprobe',
    args: readonly string[],
    maxOutputBytes: number,
    maxCpuMs = this.#cpuLeftMs,
  ): Promise<ProgramEnd> {
    const { limits, signal } = this.request;
    try {
      const end = await runProgram(this.programs[program], args, {
        cwd: this.folder,
        signal,
        maxCpuMs: Math.max(1, maxCpuMs),
        timeoutMs: Math.max(1, this.#endsAtMs - performance.now()),
        maxMemoryBytes: limits.maxMemoryBytes,
        maxOutputBytes,
      });
      this.#cpuLeftMs -= end.cpuMs;
      return end;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ProgramOverran)) throw notInstalled(error);
      this.#cpuLeftMs -= error.cpuMs;
      throw overranError(error.limit, limits);
    }
  }
}

function overranError(limit: ProgramOverran['limit'], { maxMemoryBytes }: PictureLimits) {
  if (limit === 'output') return corruptVideo();
  return limit === 'time'
    ? new VistazoError(
        'picture.timeout',
        'Decoding the video took longer than allowed and was stopped; send a shorter or smaller one.',
      )
    : new VistazoError(
        'picture.tooLarge',
        `Decoding the video took more than ${Math.round(maxMemoryBytes / 2 ** 20)} MB of memory and was stopped; send a smaller one.`,
      );
}

function diskFull(cause: unknown): VistazoError {
  return new VistazoError(
    'picture.unsupported',
    'This bot cannot look at videos now, because the disk where it runs is full; send pictures of what matters.',
    { cause },
  );
}

function notInstalled(cause?: unknown): VistazoError {
  return new VistazoError(
    'picture.unsupported',
    'This bot cannot look at videos, because ffmpeg is not installed where it runs; send pictures of what matters.',
    { cause },
  );
}
