import type { Adapter } from '../adapter/adapter.js';
import { guardedFetch } from '../media/guarded-fetch.js';

/** The bytes of a file of a message, by the adapter if it has its own way. Throws `fetch.*`. @internal */
export async function fetchAttachment(
  adapter: Adapter,
  url: string,
  options: { maxBytes: number; signal: AbortSignal },
): Promise<Uint8Array> {
  return adapter.fetch?.(url, options) ?? guardedFetch(url, { ...adapter.files, ...options });
}
