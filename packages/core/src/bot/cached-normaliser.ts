import { createHash } from 'node:crypto';
import { CacheScopes } from '../cache-scopes.js';
import { ScopedCache } from '../scoped-cache.js';
import type { PictureNormaliser } from './new-pictures.js';

type Normalised = Awaited<ReturnType<PictureNormaliser['normalise']>>;
type NormaliseOptions = NonNullable<Parameters<PictureNormaliser['normalise']>[1]>;

const maxCachedBytes = 64 * 2 ** 20;

/**
 * Remembers the pictures checked last, each for calls of its scope alone, so that those checked before
 * a message is taken need not be checked again when it is answered. @internal
 */
export class CachedNormaliser implements PictureNormaliser {
  readonly #scopes = new CacheScopes();
  readonly #known = new ScopedCache<Normalised>(maxCachedBytes, ({ bytes }) => bytes.byteLength);

  constructor(private readonly media: PictureNormaliser) {}

  async normalise(bytes: Uint8Array, options: NormaliseOptions = {}): Promise<Normalised> {
    const { cacheScope = '' } = options;
    const scope = this.#scopes.open(cacheScope);
    try {
      const digest = createHash('sha256').update(bytes).digest('hex');
      const known = this.#known.get(scope, digest);
      if (known !== undefined) return known;
      const normalised = await this.media.normalise(bytes, options);
      this.#known.set(scope, digest, normalised);
      return normalised;
    } finally {
      this.#scopes.close(scope);
    }
  }

  async forget(cacheScope: string): Promise<void> {
    this.#scopes.forget(cacheScope);
    this.#known.forget(cacheScope);
    await this.media.forget?.(cacheScope);
  }
}

/** One that checks pictures for one scope alone. @internal */
export function normaliserIn(media: PictureNormaliser, cacheScope: string): PictureNormaliser {
  return {
    normalise: (bytes, options = {}) => media.normalise(bytes, { ...options, cacheScope }),
  };
}
