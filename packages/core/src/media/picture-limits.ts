/** Bounds on one picture, document or video from a stranger. */
export interface PictureLimits {
  /** Most bytes of the file. Default 25 MiB. */
  maxBytes: number;
  /** Most pixels of one frame. Default 50 million. */
  maxPixels: number;
  /** Most frames of an animation. Default 10,000. */
  maxFileFrames: number;
  /** Most processor time that decoding may use. Default 4.5 s, so that a file takes less than 5. */
  maxCpuMs: number;
  /**
   * Memory of the media process, itself included, at which decoding is stopped; it is looked at every
   * 5 ms, and less often on a busy machine. Default 344 MiB, so that it stays below 400.
   */
  maxMemoryBytes: number;
  /**
   * Longest time that decoding may take, on a busy machine too. Default 30 s. A document or video, which
   * one thread decodes, may take no more than `maxCpuMs` on the clock.
   */
  timeoutMs: number;
  /** Longest duration of a video. Default 1 h. */
  maxVideoMs: number;
  /** Most pixels of a frame of a video. Default 4096 × 2304: decoders hold up to 17 frames. */
  maxVideoPixels: number;
  /** Most frames of a video. Default 250,000. */
  maxVideoFileFrames: number;
}

/** See {@link PictureLimits}. */
export const defaultPictureLimits: PictureLimits = {
  maxBytes: 25 * 2 ** 20,
  maxPixels: 50_000_000,
  maxFileFrames: 10_000,
  maxCpuMs: 4500,
  maxMemoryBytes: 344 * 2 ** 20,
  timeoutMs: 30_000,
  maxVideoMs: 3_600_000,
  maxVideoPixels: 4096 * 2304,
  maxVideoFileFrames: 250_000,
};

/** Longer side of a page of a document, and most of a frame of a video. @internal */
export const longestEdgePx = 1536;
