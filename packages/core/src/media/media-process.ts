import type { ChildProcess } from 'node:child_process';
import { VistazoError } from '../errors.js';
import type { ProcessedPicture } from '../inference/family/image-layout.js';
import { forkModule } from '../processes/fork-module.js';
import { unlessAborted } from '../unless-aborted.js';
import type { EncodedPicture, NormalisedPicture, PictureInfo } from './decode.js';
import { defaultMaxPages, defaultMaxVideoFrames, type FilePicture } from './file-pictures.js';
import type { MediaReply, MediaResults, MediaTask, PrepareOptions } from './media-protocol.js';
import { defaultPictureLimits, type PictureLimits } from './picture-limits.js';
import type { PixelRectangle } from './redact.js';
import { kindOf, type VideoFormat } from './sniff.js';
import { type VideoPrograms, VideoReader } from './video/video-reader.js';

/** Options of one piece of work. */
export interface MediaOptions {
  /** Default: those of the process. */
  limits?: Partial<PictureLimits>;
  signal?: AbortSignal;
}

/** Options of {@link MediaProcess.picturesIn}. */
export interface FileOptions extends MediaOptions {
  /** Most pages of a document, from its first. Default 8. */
  maxPages?: number;
  /** Most frames of a video, evenly spread from the first to the last. Default 8. */
  maxVideoFrames?: number;
}

/**
 * A document is rendered in one thread, so that its processor time is what a person waits: it gets less of
 * it, and of time on the clock not much more. What was rendered by half of either is shown.
 */
const documentShares = { cpu: 0.6, clock: 0.95 };
const heapLimitMb = 512;
const maxAttempts = 2;

/** One picture on its way through the process. */
interface Job<T extends MediaTask> {
  bytes: Uint8Array;
  task: T;
  limits: PictureLimits;
  signal: AbortSignal | undefined;
}

/** The process ended before it answered, or had no room left. */
class ProcessEnded extends Error {}

/**
 * Decodes pictures and documents from strangers in a process of its own, one after the other. What
 * takes too long costs that process its life; the next file gets a new one. Videos are read by
 * ffmpeg, in processes of their own. An abort rejects with the reason of the signal.
 */
export class MediaProcess {
  readonly #limits: PictureLimits;
  #child: ChildProcess | undefined;
  /** Never rejects. */
  #last: Promise<unknown> = Promise.resolve();
  #nextId = 1;
  #closed = false;
  readonly #closing = new AbortController();
  readonly #videos: VideoReader;

  constructor(limits: Partial<PictureLimits> = {}, programs: VideoPrograms = {}) {
    this.#limits = { ...defaultPictureLimits, ...limits };
    this.#videos = new VideoReader(programs);
  }

  /** Starts the process ahead of the first picture, which need not wait for it then. */
  start(): void {
    this.#ready();
  }

  /** What the picture is, without decoding it. Throws the `picture.*` codes. */
  inspect(bytes: Uint8Array, options: MediaOptions = {}): Promise<PictureInfo> {
    return this.#enqueue(bytes, { type: 'inspect' }, options);
  }

  /** Tiles of up to `maxFrames` frames. Throws the `picture.*` codes. */
  preparePictures(
    bytes: Uint8Array,
    { family, budget, maxFrames, ...options }: MediaOptions & PrepareOptions,
  ): Promise<ProcessedPicture[]> {
    return this.#enqueue(bytes, { type: 'prepare', family, budget, maxFrames }, options);
  }

  /**
   * Up to `maxFrames` frames as files without metadata, no side longer than `longestEdgePx`, for a
   * model elsewhere. Throws the `picture.*` codes.
   */
  encodeFrames(
    bytes: Uint8Array,
    {
      maxFrames,
      longestEdgePx,
      ...options
    }: MediaOptions & { maxFrames: number; longestEdgePx: number },
  ): Promise<EncodedPicture[]> {
    return this.#enqueue(bytes, { type: 'encode', maxFrames, longestEdgePx }, options);
  }

  /** The picture encoded again without loss and metadata. Throws the `picture.*` codes. */
  normalise(bytes: Uint8Array, options: MediaOptions = {}): Promise<NormalisedPicture> {
    return this.#enqueue(bytes, { type: 'normalise' }, options);
  }

  /**
   * The perceptual hash of the picture as people see it (of an animation, of its first frame): 64 bits as 16
   * hexadecimal digits, which differ in few bits where pictures look alike (DCT of 32 × 32 grey pixels, as
   * pHash does). Throws the `picture.*` codes.
   */
  perceptualHash(bytes: Uint8Array, options: MediaOptions = {}): Promise<string> {
    return this.#enqueue(bytes, { type: 'hash' }, options);
  }

  /**
   * The picture as a PNG without metadata, each rectangle filled with one grey, so that nothing is left of what was
   * there; of an animation only its first frame, which is all that was looked at. Throws the `picture.*` codes, and
   * `option.invalid` for a rectangle that covers nothing of the picture.
   */
  redact(
    bytes: Uint8Array,
    { rectangles, ...options }: MediaOptions & { rectangles: readonly PixelRectangle[] },
  ): Promise<NormalisedPicture> {
    return this.#enqueue(bytes, { type: 'redact', rectangles }, options);
  }

  /**
   * What a file shows, whatever it is: a picture as {@link MediaProcess.normalise} gives it, the first
   * pages of a PDF (one reads on from the beginning, and pages between gaps say little), frames of a
   * video. Pages have 1536 px on their longer side, and frames at most so many.
   * Throws the `picture.*` codes, `picture.unsupported` for a video where ffmpeg is not installed.
   */
  async picturesIn(
    bytes: Uint8Array,
    {
      maxPages = defaultMaxPages,
      maxVideoFrames = defaultMaxVideoFrames,
      ...options
    }: FileOptions = {},
  ): Promise<FilePicture[]> {
    const file = kindOf(bytes);
    if (file.kind === 'document') return this.#pagesOf(bytes, maxPages, options);
    if (file.kind === 'video') {
      const frames = this.#framesOf(bytes, file.format, maxVideoFrames, options);
      return unlessAborted(frames, options.signal);
    }
    return [await this.normalise(bytes, options)];
  }

  /** Removes what was left on the disk by processes that were killed while they read a video. Never rejects. */
  tidy(): Promise<void> {
    return this.#videos.tidy();
  }

  /** Path of the ffmpeg that reads videos; undefined where none is installed. */
  ffmpegPath(): Promise<string | undefined> {
    return this.#videos.ffmpegPath();
  }

  /** Ends the process, and with it what it was doing. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#closing.abort(closedError());
    this.#kill();
    await this.#last;
    await this.#videos.idle();
  }

  async #pagesOf(
    bytes: Uint8Array,
    maxPages: number,
    { limits, ...options }: MediaOptions,
  ): Promise<FilePicture[]> {
    const { maxCpuMs, timeoutMs } = { ...this.#limits, ...limits };
    const bounds = {
      maxCpuMs: documentShares.cpu * maxCpuMs,
      timeoutMs: Math.min(timeoutMs, documentShares.clock * maxCpuMs),
    };
    const rendered = await this.#enqueue(
      bytes,
      { type: 'pages', maxPages },
      { ...options, limits: { ...limits, ...bounds } },
    );
    return rendered.pages.map(({ number, picture }) => ({
      ...picture,
      place: { type: 'page', page: number, pages: rendered.total },
    }));
  }

  /** What ffmpeg decoded is looked at like any other picture. */
  async #framesOf(
    bytes: Uint8Array,
    format: VideoFormat,
    maxFrames: number,
    options: MediaOptions,
  ): Promise<FilePicture[]> {
    const limits = { ...this.#limits, ...options.limits };
    const signal = AbortSignal.any([this.#closing.signal, options.signal ?? []].flat());
    const video = await this.#videos.read(bytes, { format, maxFrames, limits, signal });
    const { durationMs } = video;
    const pictures: FilePicture[] = [];
    for (const { atMs, bytes: frame } of video.frames) {
      const picture = await this.normalise(frame, options);
      pictures.push({ ...picture, place: { type: 'frame', atMs, durationMs } });
    }
    return pictures;
  }

  #enqueue<T extends MediaTask>(
    bytes: Uint8Array,
    task: T,
    { limits, signal }: MediaOptions,
  ): Promise<MediaResults[T['type']]> {
    const job = { bytes, task, limits: { ...this.#limits, ...limits }, signal };
    const work = this.#last.then(() => this.#perform(job));
    this.#last = work.catch(() => {});
    return unlessAborted(work, signal);
  }

  /** A process may be killed for reasons that are not the picture's fault, so that it gets a second one. */
  async #perform<T extends MediaTask>(job: Job<T>): Promise<MediaResults[T['type']]> {
    for (let attempt = 1; ; attempt += 1) {
      if (this.#closed) throw closedError();
      job.signal?.throwIfAborted();
      try {
        return await this.#attempt(job, this.#ready());
      } catch (error) {
        if (!(error instanceof ProcessEnded)) throw error;
        if (attempt === maxAttempts) throw crashError(error);
      }
    }
  }

  #attempt<T extends MediaTask>(
    { bytes, task, limits, signal }: Job<T>,
    child: ChildProcess,
  ): Promise<MediaResults[T['type']]> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        child.off('message', onMessage);
        child.off('exit', onEnd);
        act();
      };
      const abandon = (error: unknown) => {
        this.#kill();
        settle(() => reject(error));
      };
      const onAbort = () => abandon(signal?.reason);
      const onEnd = (cause: unknown) => abandon(new ProcessEnded(String(cause)));
      const onMessage = (reply: MediaReply) => {
        if (reply.id !== id) return;
        if (reply.isWornOut) this.#renew();
        settle(() => {
          // The process answers a task with the result of that task.
          if ('result' in reply) resolve(reply.result as MediaResults[T['type']]);
          else if (reply.again) reject(new ProcessEnded(reply.error.message));
          else reject(VistazoError.fromJSON(reply.error));
        });
      };
      const timer = setTimeout(() => abandon(timeoutError(limits.timeoutMs)), limits.timeoutMs);
      signal?.addEventListener('abort', onAbort, { once: true });
      child.on('message', onMessage);
      child.once('exit', onEnd);
      child.send({ id, bytes, limits, task }, (error) => {
        if (error !== null) onEnd(error);
      });
    });
  }

  #ready(): ChildProcess {
    if (this.#child !== undefined) return this.#child;
    const child = forkModule(new URL('./media-child.js', import.meta.url), [
      `--max-old-space-size=${heapLimitMb}`,
    ]);
    const forget = () => {
      if (this.#child === child) this.#child = undefined;
    };
    // It may end while nothing waits for it; an error that nobody listens to would end this process too.
    child.once('exit', forget).once('disconnect', forget).on('error', forget);
    this.#child = child;
    return child;
  }

  /** The next picture need not wait for the new process. */
  #renew(): void {
    this.#kill();
    if (!this.#closed) this.#ready();
  }

  #kill(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }
}

function closedError(): VistazoError {
  return new VistazoError('engine.closed', 'The media process was closed.');
}

function timeoutError(timeoutMs: number): VistazoError {
  return new VistazoError(
    'picture.timeout',
    `Decoding the file took longer than ${timeoutMs / 1000} s and was stopped; send a smaller one.`,
  );
}

function crashError(cause: unknown): VistazoError {
  return new VistazoError(
    'picture.corrupt',
    'The file made the decoder fail; save it anew in another program, or send another one.',
    { cause },
  );
}
