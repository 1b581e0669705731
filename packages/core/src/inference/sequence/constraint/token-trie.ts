import type { Automaton, State } from './automaton.js';

/** Tokens that may follow, and after each the fewest bytes to an end of the text. */
export interface AllowedTokens {
  tokens: Int32Array;
  bytesToEnd: Int32Array;
  /** The most of `bytesToEnd`. */
  maxBytesToEnd: number;
}

/** Longer ways to the end are as good as this one. */
const farBytes = 2 ** 31 - 1;

/** The vocabulary as a tree of bytes, so that tokens with the same beginning are read together. */
export class TokenTrie {
  /** Bytes that are a token by themselves. */
  readonly singleBytes: ReadonlySet<number>;
  /** Nodes of the tree, each before what is below it: its byte. */
  readonly #bytes: Uint8Array;
  /** Length of the beginning that ends with each node's byte. */
  readonly #depths: Uint16Array;
  /** The first node that is not below each node. */
  readonly #skips: Int32Array;
  /** Where the tokens that end at each node begin in `#tokens`; one entry more than nodes. */
  readonly #tokenStarts: Int32Array;
  /** Tokens in the order of their bytes. */
  readonly #tokens: Int32Array;
  readonly #maxDepth: number;

  /** `tokenBytes` are tokens by their id; those without bytes are never allowed. */
  constructor(tokenBytes: readonly (Uint8Array | undefined)[]) {
    const entries: { token: number; bytes: Uint8Array }[] = [];
    const singleBytes = new Set<number>();
    for (const [token, bytes] of tokenBytes.entries()) {
      if (bytes === undefined || bytes.length === 0) continue;
      entries.push({ token, bytes });
      if (bytes.length === 1) singleBytes.add(bytes[0] as number);
    }
    this.singleBytes = singleBytes;
    entries.sort((a, b) => Buffer.compare(a.bytes, b.bytes));
    this.#tokens = Int32Array.from(entries, ({ token }) => token);
    const bytes: number[] = [];
    const depths: number[] = [];
    const tokenStarts: number[] = [];
    let previous: Uint8Array = new Uint8Array();
    for (const [index, { bytes: token }] of entries.entries()) {
      for (let at = commonLength(previous, token); at < token.length; at += 1) {
        bytes.push(token[at] as number);
        depths.push(at + 1);
        tokenStarts.push(index);
      }
      previous = token;
    }
    this.#bytes = Uint8Array.from(bytes);
    this.#depths = Uint16Array.from(depths);
    this.#tokenStarts = startsOfEnds(tokenStarts, depths, entries);
    this.#skips = skipsOf(depths);
    this.#maxDepth = depths.reduce((most, depth) => Math.max(most, depth), 0);
  }

  /** The tokens that an automaton can read in `state`. */
  allowed(automaton: Automaton, state: State): AllowedTokens {
    const tokens = new Int32Array(this.#tokens.length);
    const bytesToEnd = new Int32Array(this.#tokens.length);
    let count = 0;
    let maxBytesToEnd = 0;
    /** States by the length of what was read. */
    const path = new Int32Array(this.#maxDepth + 1);
    path[0] = state.id;
    const [bytes, depths, starts] = [this.#bytes, this.#depths, this.#tokenStarts];
    for (let node = 0; node < bytes.length; ) {
      const depth = depths[node] as number;
      const next = automaton.nextId(path[depth - 1] as number, bytes[node] as number);
      if (next < 0) {
        node = this.#skips[node] as number;
        continue;
      }
      path[depth] = next;
      const end = starts[node + 1] as number;
      for (let index = starts[node] as number; index < end; index += 1) {
        const distance = automaton.bytesToEndOf(next);
        if (distance === Number.POSITIVE_INFINITY) break;
        const rest = Math.min(farBytes, distance);
        tokens[count] = this.#tokens[index] as number;
        bytesToEnd[count] = rest;
        if (rest > maxBytesToEnd) maxBytesToEnd = rest;
        count += 1;
      }
      node += 1;
    }
    return {
      tokens: tokens.slice(0, count),
      bytesToEnd: bytesToEnd.slice(0, count),
      maxBytesToEnd,
    };
  }
}

/** For each node the index of its first token: a token ends at the deepest node made for it. */
function startsOfEnds(
  madeFor: readonly number[],
  depths: readonly number[],
  entries: readonly { bytes: Uint8Array }[],
): Int32Array {
  const starts = new Int32Array(madeFor.length + 1);
  let token = 0;
  for (const [node, depth] of depths.entries()) {
    starts[node] = token;
    const isLast = madeFor[node + 1] !== madeFor[node];
    if (!isLast) continue;
    // Equal tokens make no nodes of their own.
    const until = madeFor[node + 1] ?? entries.length;
    while (token < until && entries[token]?.bytes.length === depth) token += 1;
  }
  starts[madeFor.length] = entries.length;
  return starts;
}

function skipsOf(depths: readonly number[]): Int32Array {
  const skips = new Int32Array(depths.length).fill(depths.length);
  const open: number[] = [];
  for (const [node, depth] of depths.entries()) {
    while (open.length > 0 && (depths[open.at(-1) as number] as number) >= depth) {
      skips[open.pop() as number] = node;
    }
    open.push(node);
  }
  return skips;
}

function commonLength(one: Uint8Array, other: Uint8Array): number {
  const shorter = Math.min(one.length, other.length);
  for (let index = 0; index < shorter; index += 1) {
    if (one[index] !== other[index]) return index;
  }
  return shorter;
}
