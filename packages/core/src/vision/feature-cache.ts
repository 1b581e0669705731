import type { ImageFeatures } from './vision-encoder.js';

/** Features of the pictures seen last, up to `maxBytes`; the longest unused go first. */
export class FeatureCache {
  readonly #maxBytes: number;
  readonly #entries = new Map<string, ImageFeatures>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(digest: string): ImageFeatures | undefined {
    const features = this.#entries.get(digest);
    if (features === undefined) return undefined;
    this.#entries.delete(digest);
    this.#entries.set(digest, features);
    return features;
  }

  set(digest: string, features: ImageFeatures): void {
    this.#remove(digest);
    this.#entries.set(digest, features);
    this.#bytes += features.data.byteLength;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#remove(oldest);
    }
  }

  #remove(digest: string): void {
    this.#bytes -= this.#entries.get(digest)?.data.byteLength ?? 0;
    this.#entries.delete(digest);
  }
}
