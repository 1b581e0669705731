import { VistazoError } from '../../errors.js';
import type { KvRow } from './kv-row.js';
import {
  copyHead,
  emptyBlock,
  type KvArray,
  type KvBlock,
  type KvLayer,
  type KvSpec,
  kvArray,
} from './kv-spec.js';

/**
 * Where a graph puts the new tokens of a row that is shorter than others of its batch:
 * - `end`: behind the longest row. The attention mask leaves out the holes.
 * - `afterRow`: right behind the row's own tokens, as GroupQueryAttention does.
 */
export type Placement = 'end' | 'afterRow';

/** What one run gives of a layer. */
export interface NewKv {
  key: KvArray;
  value: KvArray;
}

/** Keys and values of rows that run together, in buffers that go to the graph without a copy. */
export class KvBatch {
  readonly #spec: KvSpec;
  readonly #rows: KvRow[];
  /** Each `[rows, kvHeads, places, headDim]`. */
  #layers: KvLayer[];
  #places: number;
  /** By row: the places that hold a token, in order. */
  readonly #used: number[][];

  private constructor(spec: KvSpec, rows: KvRow[], places: number) {
    this.#spec = spec;
    this.#rows = rows;
    this.#places = places;
    const length = rows.length * spec.kvHeads * places * spec.headDim;
    this.#layers = Array.from({ length: spec.layers }, () => ({
      key: kvArray(spec, length),
      value: kvArray(spec, length),
    }));
    this.#used = rows.map(({ tokens }) => Array.from({ length: tokens }, (_, place) => place));
  }

  /** A batch of these rows alone: they leave the ones in which they were. */
  static of(spec: KvSpec, rows: readonly KvRow[]): KvBatch {
    const places = rows.reduce((most, { tokens }) => Math.max(most, tokens), 0);
    const batch = new KvBatch(spec, [...rows], places);
    for (const [index, row] of rows.entries()) {
      row.batch?.copyTo(batch.#layers, {
        row: row.index,
        toRow: index,
        places,
        from: 0,
        to: row.tokens,
      });
    }
    for (const [index, row] of rows.entries()) {
      row.batch = batch;
      row.index = index;
    }
    return batch;
  }

  /** A row whose tokens are those of the blocks, one after the other. */
  static restore(spec: KvSpec, blocks: readonly KvBlock[]): KvRow {
    const tokens = blocks.reduce((sum, block) => sum + block.tokens, 0);
    const row: KvRow = { tokens, batch: undefined, index: 0 };
    const batch = new KvBatch(spec, [row], tokens);
    const { kvHeads, headDim } = spec;
    let start = 0;
    for (const block of blocks) {
      const head = block.tokens * headDim;
      let read = 0;
      for (const layer of batch.#layers) {
        for (const target of [layer.key, layer.value]) {
          for (let h = 0; h < kvHeads; h += 1) {
            copyHead(block.data, read, target, (h * tokens + start) * headDim, head);
            read += head;
          }
        }
      }
      start += block.tokens;
    }
    row.batch = batch;
    return row;
  }

  /** Whether it holds just these rows, in this order. */
  holds(rows: readonly KvRow[]): boolean {
    return (
      rows.length === this.#rows.length &&
      rows.every((row, index) => row.batch === this && row.index === index)
    );
  }

  /** Places of the longest row. */
  get places(): number {
    return this.#places;
  }

  /** Shape of the keys of a layer. */
  get shape(): readonly [number, number, number, number] {
    return [this.#rows.length, this.#spec.kvHeads, this.#places, this.#spec.headDim];
  }

  get layers(): readonly KvLayer[] {
    return this.#layers;
  }

  /** Which places each row attends to when it reads `newTokens` more, `[rows, places + newTokens]`. */
  attentionMask(newTokens: number, placement: Placement): BigInt64Array<ArrayBuffer> {
    const width = this.#places + newTokens;
    const mask = new BigInt64Array(this.#rows.length * width);
    for (const [index, used] of this.#used.entries()) {
      const start = index * width;
      for (const place of used) mask[start + place] = 1n;
      const first = this.#firstNew(used, placement);
      mask.fill(1n, start + first, start + first + newTokens);
    }
    return mask;
  }

  #firstNew(used: readonly number[], placement: Placement): number {
    return placement === 'end' ? this.#places : used.length;
  }

  /** Takes what a run gave: all places of each layer, `newTokens` more than before. */
  replace(layers: KvLayer[], newTokens: number, placement: Placement): void {
    const places = this.#places + newTokens;
    const wanted = this.#rows.length * this.#spec.kvHeads * places * this.#spec.headDim;
    if (layers.some(({ key, value }) => key.length !== wanted || value.length !== wanted)) {
      throw new VistazoError(
        'model.invalidGraph',
        `The decoder gave ${layers[0]?.key.length ?? 0} values of keys where ${wanted} are needed.`,
      );
    }
    for (const [index, used] of this.#used.entries()) {
      const first = this.#firstNew(used, placement);
      for (let i = 0; i < newTokens; i += 1) used.push(first + i);
      const row = this.#rows[index];
      if (row !== undefined) row.tokens += newTokens;
    }
    this.#layers = layers;
    this.#places = places;
  }

  /** Keys and values of the tokens `from` to `to` of a row, copied. */
  block(row: KvRow, from: number, to: number): KvBlock {
    const tokens = to - from;
    const block = emptyBlock(this.#spec, tokens);
    const { kvHeads, headDim } = this.#spec;
    const size = kvHeads * tokens * headDim;
    const layers = this.#layers.map((_, index) => ({
      key: block.data.subarray(index * 2 * size, (index * 2 + 1) * size),
      value: block.data.subarray((index * 2 + 1) * size, (index * 2 + 2) * size),
    }));
    this.copyTo(layers, { row: row.index, toRow: 0, places: tokens, from, to });
    return block;
  }

  /** Copies the tokens `from` to `to` of a row to the beginning of a row of other layers. */
  copyTo(
    layers: readonly { key: KvArray; value: KvArray }[],
    at: { row: number; toRow: number; places: number; from: number; to: number },
  ): void {
    const { kvHeads, headDim } = this.#spec;
    const runs = runsOf((this.#used[at.row] ?? []).slice(at.from, at.to));
    for (const [index, target] of layers.entries()) {
      const source = this.#layers[index];
      if (source === undefined) continue;
      for (const part of ['key', 'value'] as const) {
        for (let h = 0; h < kvHeads; h += 1) {
          const from = (at.row * kvHeads + h) * this.#places;
          let to = (at.toRow * kvHeads + h) * at.places;
          for (const { place, length } of runs) {
            copyHead(
              source[part],
              (from + place) * headDim,
              target[part],
              to * headDim,
              length * headDim,
            );
            to += length;
          }
        }
      }
    }
  }
}

/** Places that follow each other, as runs, so that each is copied at once. */
function runsOf(places: readonly number[]): { place: number; length: number }[] {
  const runs: { place: number; length: number }[] = [];
  for (const place of places) {
    const last = runs.at(-1);
    if (last !== undefined && last.place + last.length === place) last.length += 1;
    else runs.push({ place, length: 1 });
  }
  return runs;
}
