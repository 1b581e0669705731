import { createHash } from 'node:crypto';
import { CacheScopes } from '../cache-scopes.js';
import { ScopedCache } from '../scoped-cache.js';
import type { CleanPicture, NormaliseOptions, PictureNormaliser } from './new-pictures.js';

type FileOptions = Parameters<NonNullable<PictureNormaliser['picturesIn']>>[1];

const maxCachedBytes = 64 * 2 ** 20;

/**
 * Remembers the files checked last, each for calls of its scope alone, so that those checked before a
 * message is taken need not be checked again when it is answered. @internal
 */
export class CachedNormaliser implements PictureNormaliser {
  readonly #scopes = new CacheScopes();
  readonly #known = new ScopedCache<CleanPicture[]>(maxCachedBytes, (pictures) =>
    pictures.reduce((sum, { bytes }) => sum + bytes.byteLength, 0),
  );
  readonly picturesIn?: NonNullable<PictureNormaliser['picturesIn']>;
  readonly perceptualHash?: NonNullable<PictureNormaliser['perceptualHash']>;
  readonly redact?: NonNullable<PictureNormaliser['redact']>;

  constructor(private readonly media: PictureNormaliser) {
    if (media.picturesIn !== undefined)
      this.picturesIn = (bytes, options) => this.#picturesIn(bytes, options);
    if (media.perceptualHash !== undefined) this.perceptualHash = media.perceptualHash.bind(media);
    if (media.redact !== undefined) this.redact = media.redact.bind(media);
  }

  async normalise(bytes: Uint8Array, options: NormaliseOptions = {}): Promise<CleanPicture> {
    const [picture] = await this.#remembered(bytes, 'picture', options, async () => [
      await this.media.normalise(bytes, options),
    ]);
    return picture ?? this.media.normalise(bytes, options);
  }

  #picturesIn(bytes: Uint8Array, options: FileOptions): Promise<CleanPicture[]> {
    const { maxPages, maxVideoFrames } = options;
    return this.#remembered(
      bytes,
      `${maxPages} ${maxVideoFrames}`,
      options,
      async () => (await this.media.picturesIn?.(bytes, options)) ?? [],
    );
  }

  async #remembered(
    bytes: Uint8Array,
    wanted: string,
    { cacheScope = '' }: NormaliseOptions,
    make: () => Promise<CleanPicture[]>,
  ): Promise<CleanPicture[]> {
    const scope = this.#scopes.open(cacheScope);
    try {
      const key = `${createHash('sha256').update(bytes).digest('hex')} ${wanted}`;
      const known = this.#known.get(scope, key);
      if (known !== undefined) return known;
      const pictures = await make();
      this.#known.set(scope, key, pictures);
      return pictures;
    } finally {
      this.#scopes.close(scope);
    }
  }

  async tidy(): Promise<void> {
    await this.media.tidy?.();
  }

  async forget(cacheScope: string): Promise<void> {
    this.#scopes.forget(cacheScope);
    this.#known.forget(cacheScope);
    await this.media.forget?.(cacheScope);
  }
}

/** One that checks files for one scope alone. @internal */
export function normaliserIn(media: PictureNormaliser, cacheScope: string): PictureNormaliser {
  return {
    normalise: (bytes, options = {}) => media.normalise(bytes, { ...options, cacheScope }),
    ...(media.perceptualHash !== undefined && {
      perceptualHash: media.perceptualHash.bind(media),
    }),
    ...(media.redact !== undefined && { redact: media.redact.bind(media) }),
    ...(media.picturesIn !== undefined && {
      picturesIn: async (bytes: Uint8Array, options: FileOptions) =>
        (await media.picturesIn?.(bytes, { ...options, cacheScope })) ?? [],
    }),
  };
}
