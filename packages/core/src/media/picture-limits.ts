/** Bounds on one picture from a stranger. */
export interface PictureLimits {
  /** Most bytes of the file. Default 25 MiB. */
  maxBytes: number;
  /** Most pixels of one frame. Default 50 million. */
  maxPixels: number;
  /** Most frames of an animation. Default 10,000. */
  maxFileFrames: number;
  /** Most processor time that decoding may use. Default 5 s. */
  maxCpuMs: number;
  /** Most memory that decoding may use. Default 400 MiB. */
  maxMemoryBytes: number;
  /** Longest time that decoding may take, on a busy machine too. Default 30 s. */
  timeoutMs: number;
}

/** See {@link PictureLimits}. */
export const defaultPictureLimits: PictureLimits = {
  maxBytes: 25 * 2 ** 20,
  maxPixels: 50_000_000,
  maxFileFrames: 10_000,
  maxCpuMs: 5000,
  maxMemoryBytes: 400 * 2 ** 20,
  timeoutMs: 30_000,
};
