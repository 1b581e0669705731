import type { ProcessedPicture } from '../family/image-layout.js';
import type { PromptPositions } from '../family/model-family.js';
import type { PrefixCache } from '../kv/prefix-cache.js';
import type { ModelRunner } from '../runner/model-runner.js';
import type { Sequence } from '../sequence/sequence.js';

/** Tokens of a prompt that are read in one run; an abort waits no longer than this takes. */
const chunkTokens = 256;

/** One tile of the prompt's pictures, and where its features go. */
interface PromptTile {
  picture: ProcessedPicture;
  index: number;
  /** Image tokens of the prompt before those of this tile. */
  firstImageToken: number;
  imageTokens: number;
  /** `[imageTokens, hidden]`, once they are known. */
  features?: Float32Array | undefined;
}

/** What a prompt reader needs of a model. */
export interface PromptModelParts {
  runner: ModelRunner;
  prefixes: PrefixCache;
  /** Undefined for a model without eyes. */
  imageTokenId: number | undefined;
}

/**
 * Reads the prompt of one sequence, a piece at a time: what was read before comes from the prefix
 * cache, then its tiles are encoded, then its tokens go through the decoder in chunks.
 */
export class PromptReader {
  readonly #sequence: Sequence;
  readonly #parts: PromptModelParts;
  readonly #positions: PromptPositions | undefined;
  /** In the order in which their features stand in the prompt; those that are read already are left out. */
  #tiles: PromptTile[];
  #hasBegun = false;
  /** Image tokens that stand before the next token to read. */
  #imageTokensRead = 0;

  constructor(
    sequence: Sequence,
    pictures: readonly ProcessedPicture[],
    parts: PromptModelParts & { positions: PromptPositions | undefined },
  ) {
    this.#sequence = sequence;
    this.#parts = parts;
    this.#positions = parts.positions;
    this.#tiles = tilesOf(pictures);
  }

  /** Does the next piece of work. Gives the logits behind the prompt when it was the last one. */
  async step(): Promise<Float32Array | undefined> {
    if (!this.#hasBegun) await this.#begin();
    if (await this.#encodeNext()) return undefined;
    return this.#readChunk();
  }

  async #begin(): Promise<void> {
    const { scope, prompt, inputIds, usage } = this.#sequence;
    const { prefixes, runner } = this.#parts;
    this.#hasBegun = true;
    // The last token is read in any case, since its logits are needed.
    const blocks = await prefixes.longest(scope, prompt, inputIds.length - 1);
    if (blocks.length > 0) this.#sequence.row = runner.decoder.restore(blocks);
    const reused = this.#sequence.row.tokens;
    usage.reusedTokens = reused;
    this.#imageTokensRead = this.#imageTokens(0, reused);
    this.#tiles = this.#tiles.filter(
      ({ firstImageToken, imageTokens }) => firstImageToken + imageTokens > this.#imageTokensRead,
    );
  }

  /** Encodes a tile whose features are not known; false when there is none. */
  async #encodeNext(): Promise<boolean> {
    const { runner } = this.#parts;
    const { scope, watch } = this.#sequence;
    for (const tile of this.#tiles) {
      tile.features ??= runner.knownFeatures(tile.picture, tile.index, scope);
      if (tile.features !== undefined) continue;
      const startedAt = performance.now();
      tile.features = await runner.encodeTile(tile.picture, tile.index, scope);
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
    const tokens = await this.#tokens(from, to);
    const [logits] = await runner.decoder.forward([
      { row, tokens, positions: this.#positionsOf(from, to) },
    ]);
    if (to < inputIds.length) return undefined;
    prefixes.remember(scope, prompt, (start, end) => runner.decoder.copyBlock(row, start, end));
    return logits;
  }

  /** `[axes, to - from]` */
  #positionsOf(from: number, to: number): Int32Array | undefined {
    if (this.#positions === undefined) return undefined;
    const { axes, ids } = this.#positions;
    const length = ids.length / axes;
    const part = new Int32Array(axes * (to - from));
    for (let axis = 0; axis < axes; axis += 1) {
      part.set(ids.subarray(axis * length + from, axis * length + to), axis * (to - from));
    }
    return part;
  }

  /** The tokens `from` to `to`: their ids, or their embeddings with features of pictures in their places. */
  async #tokens(from: number, to: number): Promise<Float32Array | readonly number[]> {
    const { runner, imageTokenId } = this.#parts;
    const ids = this.#sequence.inputIds.slice(from, to);
    const embeds = await runner.embed(ids);
    if (embeds === undefined || this.#imageTokens(from, to) === 0) return embeds ?? ids;
    const hidden = embeds.length / ids.length;
    const merged = embeds.slice();
    for (const [index, token] of ids.entries()) {
      if (token !== imageTokenId) continue;
      merged.set(this.#nextFeatures(hidden), index * hidden);
    }
    return merged;
  }

  /** The features of the next image token. */
  #nextFeatures(hidden: number): Float32Array {
    const at = this.#imageTokensRead;
    this.#imageTokensRead += 1;
    while ((this.#tiles[0]?.firstImageToken ?? 0) + (this.#tiles[0]?.imageTokens ?? 1) <= at) {
      this.#tiles.shift();
    }
    const [tile] = this.#tiles;
    const row = at - (tile?.firstImageToken ?? 0);
    return tile?.features?.subarray(row * hidden, (row + 1) * hidden) ?? new Float32Array();
  }

  #imageTokens(from: number, to: number): number {
    const { imageTokenId } = this.#parts;
    let count = 0;
    for (let i = from; i < to; i += 1) {
      if (this.#sequence.inputIds[i] === imageTokenId) count += 1;
    }
    return count;
  }
}

function tilesOf(pictures: readonly ProcessedPicture[]): PromptTile[] {
  const tiles: PromptTile[] = [];
  let firstImageToken = 0;
  for (const picture of pictures) {
    for (const [index, { imageTokens }] of picture.layout.tiles.entries()) {
      tiles.push({ picture, index, firstImageToken, imageTokens });
      firstImageToken += imageTokens;
    }
  }
  return tiles;
}
