import type { KvBatch } from './kv-batch.js';

/** The keys and values of one sequence; they lie in a batch with those of others that run together. */
export interface KvRow {
  /** Tokens that have been read. */
  tokens: number;
  /** Undefined while no token has been read. */
  batch: KvBatch | undefined;
  /** Its place in the batch. */
  index: number;
}

/** A row of no tokens. */
export function emptyRow(): KvRow {
  return { tokens: 0, batch: undefined, index: 0 };
}
