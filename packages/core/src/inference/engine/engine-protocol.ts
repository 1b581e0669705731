import type { ErrorCode } from '../../errors.js';
import type { GenerationEvent } from '../../generation/generation-event.js';
import type { ModelDescription } from '../files/model-folder.js';
import type { KvCacheOptions } from './inference.js';
import type { InferenceRequest } from './inference-request.js';

/** How the engine process loads a model. */
export interface EngineOptions {
  intraOpThreads: number | undefined;
  /** Where keys and values outlive the process. */
  kvCache: KvCacheOptions | undefined;
  /** Whether the time of a tile is measured at load. */
  measuresTiles: boolean;
}

/** What the main process asks of the engine process; without a `cacheScope` nothing is kept of it. */
export type EngineRequest =
  | ({ type: 'load'; id: number; description: ModelDescription } & EngineOptions)
  | { type: 'generate'; id: number; request: InferenceRequest; cacheScope: string | null }
  /** Overtakes what waits. */
  | { type: 'forget'; id: number; cacheScope: string }
  | { type: 'abort'; id: number };

/** What the engine process answers; `id` is that of the request. */
export type EngineReply =
  | { type: 'event'; id: number; event: GenerationEvent }
  /** `tileMs` is of a load that measures. */
  | { type: 'loaded'; id: number; tileMs: number | undefined }
  | { type: 'done'; id: number }
  | { type: 'failed'; id: number; error: { code: ErrorCode; message: string } };
