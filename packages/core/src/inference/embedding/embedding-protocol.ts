import type { ErrorCode } from '../../errors.js';
import type { ProcessedPicture } from '../family/image-layout.js';
import type { EmbeddingModelDescription } from '../files/embedding-folder.js';

/** What the process is asked to embed. */
export type EmbeddingWork =
  | { type: 'texts'; texts: readonly string[] }
  | { type: 'picture'; picture: ProcessedPicture };

/** What the main process asks of the process that makes embeddings. */
export type EmbeddingRequest =
  | {
      type: 'load';
      id: number;
      description: EmbeddingModelDescription;
      intraOpThreads: number | undefined;
    }
  | (EmbeddingWork & { id: number })
  /** Overtakes what waits. */
  | { type: 'abort'; id: number };

/** What it answers; `id` is that of the request. */
export type EmbeddingReply =
  | { type: 'loaded'; id: number; dimensions: number }
  | { type: 'done'; id: number; embeddings: Float32Array[] }
  | { type: 'failed'; id: number; error: { code: ErrorCode; message: string } };
