/** Bounds on one picture from a stranger. */
export interface PictureLimits {
  /** Most bytes of the file. Default 25 MiB. */
  maxBytes: number;
  /** Most pixels of one frame. Default 50 million. */
  maxPixels: number;
  /** Most frames of an animation. Default 10,000. */
  maxFileFrames: number;
  /** Longest time that decoding may take, on a busy machine too. Default 30 s. */
  timeoutMs: number;
}

/** See {@link PictureLimits}. */
export const defaultPictureLimits: PictureLimits = {
  maxBytes: 25 * 2 ** 20,
  maxPixels: 50_000_000,
  maxFileFrames: 10_000,
  timeoutMs: 30_000,
};
