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

/** Rows for which there is room in a batch that grows. */
const spareRows = 4;
/** Places for which there is room in rows that grow. */
const sparePlaces = 64;

/** Where some tokens of a row go in other layers. */
interface CopyTarget {
  row: number;
  /** Places of each row there. */
  places: number;
  /** The tokens of the row to copy, `from` to `to`. */
  from: number;
  to: number;
}

/** Keys and values of rows that run together, in buffers that go to the graph without a copy. */
export class KvBatch {
  readonly #spec: KvSpec;
  readonly #rows: KvRow[] = [];
  /** By row: the places that hold a token, in order. */
  readonly #used: number[][] = [];
  /** Each `[room for rows, kvHeads, #places, headDim]`. */
  #layers: KvLayer[];
  /** Rows for which there is room. */
  #rowRoom: number;
  /** Places of each row, used or not. */
  #places: number;
  /** Places up to the end of the longest row. */
  #width = 0;

  private constructor(spec: KvSpec, rowRoom: number, places: number) {
    this.#spec = spec;
    this.#rowRoom = rowRoom;
    this.#places = places;
    this.#layers = emptyLayers(spec, rowRoom * places);
  }

  /**
   * A batch of these rows alone, in its own order: the one in which most of them are, where it has
   * room for the others, or else a new one. `keepsRoom` leaves room for more rows and tokens.
   */
  static gather(spec: KvSpec, rows: readonly KvRow[], keepsRoom: boolean): KvBatch {
    const main = mostCommon(rows.flatMap(({ batch }) => batch ?? []));
    const comers = rows.filter(({ batch }) => batch !== main);
    const strangers = main?.rows.filter((row) => !rows.includes(row)) ?? [];
    if (main !== undefined && (comers.length === 0 || (keepsRoom && main.#hasRoomFor(comers)))) {
      for (const row of strangers) KvBatch.#of(spec, [row], keepsRoom);
      for (const row of comers) main.#add(row);
      return main;
    }
    return KvBatch.#of(spec, rows, keepsRoom);
  }

  static #of(spec: KvSpec, rows: readonly KvRow[], keepsRoom: boolean): KvBatch {
    const width = Math.max(...rows.map(({ tokens }) => tokens));
    const hasMore = keepsRoom && rows.length > 1;
    const rowRoom = rows.length + (hasMore ? spareRows : 0);
    const batch = new KvBatch(spec, rowRoom, width + (hasMore ? sparePlaces : 0));
    for (const row of rows) batch.#add(row);
    return batch;
  }

  /** A row whose tokens are those of the blocks, one after the other. */
  static restore(spec: KvSpec, blocks: readonly KvBlock[]): KvRow {
    const tokens = blocks.reduce((sum, block) => sum + block.tokens, 0);
    const row: KvRow = { tokens, batch: undefined, index: 0 };
    const batch = new KvBatch(spec, 1, tokens);
    batch.#add(row);
    const { kvHeads, headDim } = spec;
    let start = 0;
    for (const block of blocks) {
      const head = block.tokens * headDim;
      let read = 0;
      for (const { key, value } of batch.#layers) {
        for (const target of [key, value]) {
          for (let h = 0; h < kvHeads; h += 1) {
            copyHead(block.data, read, target, (h * tokens + start) * headDim, head);
            read += head;
          }
        }
      }
      start += block.tokens;
    }
    return row;
  }

  /** Rows in their order; the index of each is its place here. */
  get rows(): readonly KvRow[] {
    return this.#rows;
  }

  /** Whether rows can join without a copy of those that are here. */
  #hasRoomFor(rows: readonly KvRow[]): boolean {
    return (
      this.#rows.length + rows.length <= this.#rowRoom &&
      rows.every(({ tokens }) => tokens <= this.#places)
    );
  }

  /** Takes a row in, out of the batch in which it was. There must be room. */
  #add(row: KvRow): void {
    const index = this.#rows.length;
    row.batch?.copyTo(this.#layers, row, {
      row: index,
      places: this.#places,
      from: 0,
      to: row.tokens,
    });
    row.batch?.remove(row);
    row.batch = this;
    row.index = index;
    this.#rows.push(row);
    this.#used.push(Array.from({ length: row.tokens }, (_, place) => place));
    this.#width = Math.max(this.#width, row.tokens);
  }

  /** Takes a row out, whose keys and values are lost. The last row moves to its place. */
  remove(row: KvRow): void {
    const { index } = row;
    const last = this.#rows.pop();
    const used = this.#used.pop();
    row.batch = undefined;
    row.index = 0;
    if (last === undefined || used === undefined || last === row) return;
    const size = this.#spec.kvHeads * this.#places * this.#spec.headDim;
    for (const { key, value } of this.#layers) {
      for (const part of [key, value])
        part.copyWithin(index * size, last.index * size, (last.index + 1) * size);
    }
    last.index = index;
    this.#rows[index] = last;
    this.#used[index] = used;
  }

  /** Places up to the end of the longest row. */
  get width(): number {
    return this.#width;
  }

  /** Shape of the keys of a layer as {@link feeds} gives them. */
  get shape(): readonly [number, number, number, number] {
    return [this.#rows.length, this.#spec.kvHeads, this.#places, this.#spec.headDim];
  }

  /** Keys and values of all rows, by layer, without a copy. */
  feeds(): KvLayer[] {
    const [rows, heads, places, headDim] = this.shape;
    const size = rows * heads * places * headDim;
    return this.#layers.map(({ key, value }) => ({
      key: key.subarray(0, size),
      value: value.subarray(0, size),
    }));
  }

  /** Which places each row attends to when it reads `newTokens` more, `[rows, width + newTokens]`. */
  attentionMask(newTokens: number, placement: Placement): BigInt64Array<ArrayBuffer> {
    const width = this.#width + newTokens;
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
    return placement === 'end' ? this.#width : used.length;
  }

  /** Makes room so that each row takes just the places up to the end of the longest, as some graphs want it. */
  trim(): void {
    if (this.#places !== this.#width) this.#resize(this.#width);
  }

  /** Takes out the holes that rows have left behind, or that lie between tokens. */
  compact(): void {
    const longest = this.#used.reduce((most, { length }) => Math.max(most, length), 0);
    if (this.#places !== longest || this.#width !== longest) this.#resize(longest);
  }

  /** Takes what a run of a trimmed batch gave: all places of each layer, `newTokens` more than before. */
  replace(layers: KvLayer[], newTokens: number, placement: Placement): void {
    const places = this.#width + newTokens;
    const wanted = this.#rows.length * this.#spec.kvHeads * places * this.#spec.headDim;
    this.#requireLength(layers, wanted);
    this.#advance(newTokens, placement);
    this.#layers = layers;
    this.#rowRoom = this.#rows.length;
    this.#places = places;
  }

  /** Takes what a run gave of the new tokens alone: by layer `[rows, newTokens, kvHeads × headDim]`. */
  append(layers: readonly KvLayer[], newTokens: number): void {
    const { kvHeads, headDim } = this.#spec;
    this.#requireLength(layers, this.#rows.length * newTokens * kvHeads * headDim);
    const longest = Math.max(...this.#used.map(({ length }) => length)) + newTokens;
    if (longest > this.#places) this.#resize(Math.ceil(longest * 1.25) + sparePlaces);
    for (const [index, { key, value }] of layers.entries()) {
      const own = this.#layers[index];
      if (own === undefined) continue;
      for (const [from, to] of [
        [key, own.key],
        [value, own.value],
      ] as const) {
        this.#appendTo(to, from, newTokens);
      }
    }
    this.#advance(newTokens, 'afterRow');
  }

  #appendTo(to: KvArray, from: KvArray, newTokens: number): void {
    const { kvHeads, headDim } = this.#spec;
    let read = 0;
    for (const [row, used] of this.#used.entries()) {
      for (let token = 0; token < newTokens; token += 1) {
        for (let head = 0; head < kvHeads; head += 1) {
          const place = (row * kvHeads + head) * this.#places + used.length + token;
          copyHead(from, read, to, place * headDim, headDim);
          read += headDim;
        }
      }
    }
  }

  #advance(newTokens: number, placement: Placement): void {
    for (const [index, used] of this.#used.entries()) {
      const first = this.#firstNew(used, placement);
      for (let i = 0; i < newTokens; i += 1) used.push(first + i);
      const row = this.#rows[index];
      if (row !== undefined) row.tokens += newTokens;
    }
    this.#width = this.#used.reduce((most, used) => Math.max(most, (used.at(-1) ?? -1) + 1), 0);
  }

  #requireLength(layers: readonly KvLayer[], wanted: number): void {
    for (const { key, value } of layers) {
      if (key.length === wanted && value.length === wanted) continue;
      throw new VistazoError(
        'model.invalidGraph',
        `The decoder gave ${key.length} values of keys where ${wanted} are needed.`,
      );
    }
  }

  #resize(places: number): void {
    const layers = emptyLayers(this.#spec, this.#rowRoom * places);
    for (const [index, row] of this.#rows.entries()) {
      this.copyTo(layers, row, { row: index, places, from: 0, to: row.tokens });
    }
    for (const [index, used] of this.#used.entries())
      this.#used[index] = used.map((_, place) => place);
    this.#layers = layers;
    this.#places = places;
    this.#width = this.#used.reduce((most, { length }) => Math.max(most, length), 0);
  }

  /** Keys and values of the tokens `from` to `to` of a row, copied. */
  block(row: KvRow, from: number, to: number): KvBlock {
    const tokens = to - from;
    const block = emptyBlock(this.#spec, tokens);
    const size = this.#spec.kvHeads * tokens * this.#spec.headDim;
    const layers = this.#layers.map((_, index) => ({
      key: block.data.subarray(index * 2 * size, (index * 2 + 1) * size),
      value: block.data.subarray((index * 2 + 1) * size, (index * 2 + 2) * size),
    }));
    this.copyTo(layers, row, { row: 0, places: tokens, from, to });
    return block;
  }

  /** Copies tokens of a row of this batch to the beginning of a row of other layers. */
  copyTo(layers: readonly KvLayer[], row: KvRow, target: CopyTarget): void {
    const { kvHeads, headDim } = this.#spec;
    const runs = runsOf((this.#used[row.index] ?? []).slice(target.from, target.to));
    for (const [index, layer] of layers.entries()) {
      const source = this.#layers[index];
      if (source === undefined) continue;
      for (const part of ['key', 'value'] as const) {
        for (let head = 0; head < kvHeads; head += 1) {
          const from = (row.index * kvHeads + head) * this.#places;
          let to = (target.row * kvHeads + head) * target.places;
          for (const { place, length } of runs) {
            const size = length * headDim;
            copyHead(source[part], (from + place) * headDim, layer[part], to * headDim, size);
            to += length;
          }
        }
      }
    }
  }
}

/** The batch that occurs most often. */
function mostCommon(batches: readonly KvBatch[]): KvBatch | undefined {
  const counts = new Map<KvBatch, number>();
  for (const batch of batches) counts.set(batch, (counts.get(batch) ?? 0) + 1);
  return [...counts].reduce<[KvBatch, number] | undefined>(
    (best, each) => (best === undefined || each[1] > best[1] ? each : best),
    undefined,
  )?.[0];
}

function emptyLayers(spec: KvSpec, places: number): KvLayer[] {
  const length = places * spec.kvHeads * spec.headDim;
  return Array.from({ length: spec.layers }, () => ({
    key: kvArray(spec, length),
    value: kvArray(spec, length),
  }));
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
