import type { OptimisedDecoder } from './optimised-file.js';

/** What the process that optimises is asked. */
export interface OptimiseRequest {
  /** Path of the decoder. */
  path: string;
  /** Heads of its attention. */
  heads: number;
  intraOpThreads: number | undefined;
}

/** What it answers. */
export type OptimiseReply = OptimisedDecoder;
