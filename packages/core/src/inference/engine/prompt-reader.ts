import type { ProcessedPicture } from '../family/processed-picture.js';
import type { PrefixCache } from '../kv/prefix-cache.js';
import type { ModelRunner } from '../runner/model-runner.js';
import type { Sequence } from '../sequence/sequence.js';

/** Tokens of a prompt that are read in one run; an abort waits no longer than this takes. */
const chunkTokens = 256;

interface Tile {
  picture: ProcessedPicture;
  tile: number;
}

/** What a prompt reader needs of a model. */
export interface PromptModelParts {
  runner: ModelRunner;
  prefixes: PrefixCache;
  imageTokenId: number;
  /** Tokens of one tile. */
  tileTokens: number;
}

/**
 * Reads the prompt of one sequence, a piece at a time: what was read before comes from the prefix
 * index, then its tiles are encoded, then its tokens go through the decoder in chunks.
 */
export class PromptReader {
  readonly #sequence: Sequence;
  readonly #parts: PromptModelParts;
  readonly #tiles: readonly Tile[];
  /** `[tileTokens, hidden]`, by tile; those before `#firstTile` are not needed. */
  readonly #features: Float32Array[] = [];
  #hasBegun = false;
  #firstTile = 0;
  /** Image tokens that stand before the next token to read. */
  #imageTokensRead = 0;

  constructor(sequence: Sequence, pictures: readonly ProcessedPicture[], parts: PromptModelParts) {
    this.#sequence = sequence;
    this.#parts = parts;
    this.#tiles = pictures.flatMap((picture) =>
      Array.from({ length: picture.tiles }, (_, tile) => ({ picture, tile })),
    );
  }

  /** Does the next piece of work. Gives the logits behind the prompt when it was the last one. */
  async step(): Promise<Float32Array | undefined> {
    if (!this.#hasBegun) await this.#begin();
    if (await this.#encodeNext()) return undefined;
    return this.#readChunk();
  }

  async #begin(): Promise<void> {
    const { scope, prompt, inputIds, usage } = this.#sequence;
    const { prefixes, runner, tileTokens } = this.#parts;
    this.#hasBegun = true;
    // The last token is read in any case, since its logits are needed.
    const blocks = await prefixes.longest(scope, prompt, inputIds.length - 1);
    if (blocks.length > 0) this.#sequence.row = runner.decoder.restore(blocks);
    const reused = this.#sequence.row.tokens;
    usage.reusedTokens = reused;
    this.#imageTokensRead = this.#imageTokens(0, reused);
    this.#firstTile = Math.floor(this.#imageTokensRead / tileTokens);
  }

  /** Encodes a tile whose features are not known; false when there is none. */
  async #encodeNext(): Promise<boolean> {
    const { runner, tileTokens } = this.#parts;
    const { scope, watch } = this.#sequence;
    while (this.#firstTile + this.#features.length < this.#tiles.length) {
      const next = this.#tiles[this.#firstTile + this.#features.length];
      if (next === undefined) break;
      const known = runner.knownFeatures(next.picture, next.tile, scope);
      if (known !== undefined) {
        this.#features.push(known);
        continue;
      }
      const startedAt = performance.now();
      this.#features.push(await runner.encodeTile(next.picture, next.tile, tileTokens, scope));
      watch.encodeMs += performance.now() - startedAt;
      return true;
    }
    return false;
  }

  async #readChunk(): Promise<Float32Array | undefined> {
    const { row, inputIds, scope, prompt } = this.#sequence;
    const { runner, prefixes } = this.#parts;
    const from = row.tokens;
    const to = Math.min(from + chunkTokens, inputIds.length);
    const [logits] = await runner.decoder.forward([
      { row, inputsEmbeds: await this.#embeds(from, to) },
    ]);
    if (to < inputIds.length) return undefined;
    prefixes.remember(scope, prompt, (start, end) => runner.decoder.copyBlock(row, start, end));
    return logits;
  }

  /** Embeddings of the tokens `from` to `to`, features of pictures in their places: `[tokens, hidden]`. */
  async #embeds(from: number, to: number): Promise<Float32Array> {
    const { runner, imageTokenId, tileTokens } = this.#parts;
    const ids = this.#sequence.inputIds.slice(from, to);
    const embeds = await runner.embed(ids);
    if (this.#imageTokens(from, to) === 0) return embeds;
    const { hidden } = runner.decoder;
    const merged = embeds.slice();
    for (const [index, token] of ids.entries()) {
      if (token !== imageTokenId) continue;
      const tile = Math.floor(this.#imageTokensRead / tileTokens) - this.#firstTile;
      const row = this.#imageTokensRead % tileTokens;
      const features = this.#features[tile]?.subarray(row * hidden, (row + 1) * hidden);
      merged.set(features ?? [], index * hidden);
      this.#imageTokensRead += 1;
    }
    return merged;
  }

  #imageTokens(from: number, to: number): number {
    let count = 0;
    for (let i = from; i < to; i += 1) {
      if (this.#sequence.inputIds[i] === this.#parts.imageTokenId) count += 1;
    }
    return count;
  }
}
