import { guardedFetch } from './guarded-fetch.js';

/**
 * The bytes that a picture's address stands for: a data URI is decoded, an http(s) URL is fetched, if
 * it is public. Neither says what the bytes are; the media process looks at them.
 * Throws `fetch.refused` or `fetch.failed`.
 */
export async function fetchPicture(
  address: string,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<Uint8Array> {
  if (address.startsWith('data:'))
    return Buffer.from(address.slice(address.indexOf(',') + 1), 'base64');
  return guardedFetch(address, signal === undefined ? {} : { signal });
}
