import type { ChildProcess } from 'node:child_process';
import { VistazoError } from '../errors.js';
import type { ImageProcessorConfig } from '../image/image-processor.js';
import type { ProcessedPicture } from '../image/processed-picture.js';
import { forkModule } from '../processes/fork-module.js';
import type { NormalisedPicture, PictureInfo } from './decode.js';
import type { MediaReply, MediaResults, MediaTask } from './media-protocol.js';
import { defaultPictureLimits, type PictureLimits } from './picture-limits.js';

/** Options of one piece of work. */
export interface MediaOptions {
  /** Default: those of the process. */
  limits?: Partial<PictureLimits>;
  signal?: AbortSignal;
}

const heapLimitMb = 512;

/**
 * Decodes pictures from strangers in a process of its own, one after the other. A picture that
 * takes too long costs that process its life; the next picture gets a new one.
 */
export class MediaProcess {
  readonly #limits: PictureLimits;
  #child: ChildProcess | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #nextId = 1;
  #closed = false;

  constructor(limits: Partial<PictureLimits> = {}) {
    this.#limits = { ...defaultPictureLimits, ...limits };
  }

  /** What the picture is, without decoding it. Throws the `picture.*` codes. */
  inspect(bytes: Uint8Array, options: MediaOptions = {}): Promise<PictureInfo> {
    return this.#enqueue(bytes, { type: 'inspect' }, options);
  }

  /** Tiles of up to `maxFrames` frames. Throws the `picture.*` codes. */
  preparePictures(
    bytes: Uint8Array,
    {
      config,
      maxFrames,
      ...options
    }: MediaOptions & { config: ImageProcessorConfig; maxFrames: number },
  ): Promise<ProcessedPicture[]> {
    return this.#enqueue(bytes, { type: 'prepare', config, maxFrames }, options);
  }

  /** The picture encoded again without loss and metadata. Throws the `picture.*` codes. */
  normalise(bytes: Uint8Array, options: MediaOptions = {}): Promise<NormalisedPicture> {
    return this.#enqueue(bytes, { type: 'normalise' }, options);
  }

  /** Ends the process. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#kill();
    await this.#last.catch(() => {});
  }

  #enqueue<T extends MediaTask>(
    bytes: Uint8Array,
    task: T,
    options: MediaOptions,
  ): Promise<MediaResults[T['type']]> {
    const work = this.#last.catch(() => {}).then(() => this.#perform(bytes, task, options));
    this.#last = work;
    return work;
  }

  #perform<T extends MediaTask>(
    bytes: Uint8Array,
    task: T,
    { limits, signal }: MediaOptions,
  ): Promise<MediaResults[T['type']]> {
    if (this.#closed) throw new VistazoError('engine.closed', 'The media process was closed.');
    signal?.throwIfAborted();
    const allLimits = { ...this.#limits, ...limits };
    const child = this.#ready();
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        child.off('message', onMessage);
        child.off('exit', onExit);
        act();
      };
      const abandon = (error: unknown) => {
        this.#kill();
        settle(() => reject(error));
      };
      const onAbort = () => abandon(signal?.reason);
      const onExit = () => {
        this.#child = undefined;
        settle(() =>
          reject(
            new VistazoError(
              'picture.corrupt',
              'The picture made the decoder fail; it is damaged or hostile.',
            ),
          ),
        );
      };
      const onMessage = (reply: MediaReply) => {
        if (reply.id !== id) return;
        settle(() =>
          // The process answers a task with the result of that task.
          'error' in reply
            ? reject(VistazoError.fromJSON(reply.error))
            : resolve(reply.result as MediaResults[T['type']]),
        );
      };
      const timer = setTimeout(
        () => abandon(timeoutError(allLimits.timeoutMs)),
        allLimits.timeoutMs,
      );
      signal?.addEventListener('abort', onAbort, { once: true });
      child.on('message', onMessage);
      child.once('exit', onExit);
      child.send({ id, bytes, limits: allLimits, task });
    });
  }

  #ready(): ChildProcess {
    this.#child ??= forkModule(new URL('./media-child.js', import.meta.url), [
      `--max-old-space-size=${heapLimitMb}`,
    ]);
    return this.#child;
  }

  #kill(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }
}

function timeoutError(timeoutMs: number): VistazoError {
  return new VistazoError(
    'picture.timeout',
    `Decoding the picture took longer than ${timeoutMs / 1000} s and was stopped; send a smaller one.`,
  );
}
