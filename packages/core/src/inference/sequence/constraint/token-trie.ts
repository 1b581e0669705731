import type { Automaton, State } from './automaton.js';

/** Tokens that may follow, and after each the fewest bytes to an end of the text. */
export interface AllowedTokens {
  tokens: Int32Array;
  bytesToEnd: Float64Array;
}

/** The vocabulary, by the bytes of its tokens, so that tokens with the same beginning are looked at together. */
export class TokenTrie {
  /** Bytes that are a token by themselves. */
  readonly singleBytes: ReadonlySet<number>;
  readonly #bytes: Uint8Array[];
  /** Tokens in the order of their bytes. */
  readonly #tokens: Int32Array;

  /** `tokenBytes` are tokens by their id; those without bytes are never allowed. */
  constructor(tokenBytes: readonly (Uint8Array | undefined)[]) {
    const entries = [...tokenBytes.entries()].flatMap(([token, bytes]) =>
      bytes === undefined || bytes.length === 0 ? [] : [{ token, bytes }],
    );
    entries.sort((a, b) => Buffer.compare(a.bytes, b.bytes));
    this.#bytes = entries.map(({ bytes }) => bytes);
    this.#tokens = Int32Array.from(entries, ({ token }) => token);
    this.singleBytes = new Set(
      entries.flatMap(({ bytes: [first, ...more] }) =>
        first === undefined || more.length > 0 ? [] : [first],
      ),
    );
  }

  /** The tokens that an automaton can read in `state`. */
  allowed(automaton: Automaton, state: State): AllowedTokens {
    const tokens: number[] = [];
    const bytesToEnd: number[] = [];
    /** States after each byte of the token looked at, as far as it can be read. */
    const path: State[] = [state];
    let previous: Uint8Array = new Uint8Array();
    for (const [index, bytes] of this.#bytes.entries()) {
      const common = commonLength(previous, bytes);
      previous = bytes;
      // What could not be read before cannot be read again.
      if (common >= path.length) continue;
      path.length = common + 1;
      let reached: State | undefined = path[common];
      for (let at = common; at < bytes.length && reached !== undefined; at += 1) {
        reached = automaton.next(reached, bytes[at] as number);
        if (reached !== undefined) path.push(reached);
      }
      if (reached === undefined || reached.bytesToEnd === Number.POSITIVE_INFINITY) continue;
      tokens.push(this.#tokens[index] as number);
      bytesToEnd.push(reached.bytesToEnd);
    }
    return { tokens: Int32Array.from(tokens), bytesToEnd: Float64Array.from(bytesToEnd) };
  }
}

function commonLength(one: Uint8Array, other: Uint8Array): number {
  const shorter = Math.min(one.length, other.length);
  for (let index = 0; index < shorter; index += 1) {
    if (one[index] !== other[index]) return index;
  }
  return shorter;
}
