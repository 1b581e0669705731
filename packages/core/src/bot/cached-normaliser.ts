import { createHash } from 'node:crypto';
import { BoundedCache } from '../bounded-cache.js';
import type { CleanPicture, PictureNormaliser } from './new-pictures.js';

type FileOptions = Parameters<NonNullable<PictureNormaliser['picturesIn']>>[1];

const maxCachedBytes = 64 * 2 ** 20;

/**
 * Remembers the files checked last, so that those checked before a message is taken need not be
 * checked again when it is answered. @internal
 */
export class CachedNormaliser implements PictureNormaliser {
  readonly #known = new BoundedCache<CleanPicture[]>(maxCachedBytes, (pictures) =>
    pictures.reduce((sum, { bytes }) => sum + bytes.byteLength, 0),
  );
  readonly picturesIn?: NonNullable<PictureNormaliser['picturesIn']>;

  constructor(private readonly media: PictureNormaliser) {
    if (media.picturesIn !== undefined)
      this.picturesIn = (bytes, options) => this.#picturesIn(bytes, options);
  }

  async normalise(
    bytes: Uint8Array,
    options: { signal?: AbortSignal } = {},
  ): Promise<CleanPicture> {
    const [picture] = await this.#remembered(bytes, 'picture', async () => [
      await this.media.normalise(bytes, options),
    ]);
    return picture ?? this.media.normalise(bytes, options);
  }

  #picturesIn(bytes: Uint8Array, options: FileOptions): Promise<CleanPicture[]> {
    const { maxPages, maxVideoFrames } = options;
    return this.#remembered(
      bytes,
      `${maxPages} ${maxVideoFrames}`,
      async () => (await this.media.picturesIn?.(bytes, options)) ?? [],
    );
  }

  async #remembered(
    bytes: Uint8Array,
    wanted: string,
    make: () => Promise<CleanPicture[]>,
  ): Promise<CleanPicture[]> {
    const key = `${createHash('sha256').update(bytes).digest('hex')} ${wanted}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const pictures = await make();
    this.#known.set(key, pictures);
    return pictures;
  }
}
