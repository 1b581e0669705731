import { createHash } from 'node:crypto';
import { BoundedCache } from '../bounded-cache.js';
import type { PictureNormaliser } from './new-pictures.js';

type Normalised = Awaited<ReturnType<PictureNormaliser['normalise']>>;

const maxCachedBytes = 64 * 2 ** 20;

/**
 * Remembers the pictures checked last, so that those checked before a message is taken need not be
 * checked again when it is answered. @internal
 */
export class CachedNormaliser implements PictureNormaliser {
  readonly #known = new BoundedCache<Normalised>(maxCachedBytes, ({ bytes }) => bytes.byteLength);

  constructor(private readonly media: PictureNormaliser) {}

  async normalise(bytes: Uint8Array, options: { signal?: AbortSignal } = {}): Promise<Normalised> {
    const digest = createHash('sha256').update(bytes).digest('hex');
    const known = this.#known.get(digest);
    if (known !== undefined) return known;
    const normalised = await this.media.normalise(bytes, options);
    this.#known.set(digest, normalised);
    return normalised;
  }
}
