/** What random texts are made of, the same as in test/reference/make_token_vectors.py. */
const blanks = [
  0x20, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x85, 0xa0, 0x1680, 0x2000, 0x2003, 0x2028, 0x2029, 0x202f,
  0x205f, 0x3000, 0x180e, 0x200b, 0xfeff,
];
const numerals = [
  0xb2, 0xbd, 0x660, 0x966, 0x9f4, 0xe50, 0x1040, 0x1369, 0x16ee, 0x2070, 0x2084, 0x2167, 0x2460,
  0x2776, 0x3007, 0x3021, 0x3220, 0xa620, 0xff15, 0x10107, 0x1d7d8, 0x1f100,
];
const blocks: readonly (readonly [number, number])[] = [
  [0x900, 0x300],
  [0xd00, 0x2300],
  [0x3000, 0x7000],
  [0xac00, 0x2ba4],
  [0xe000, 0x1ffe],
  [0x10000, 0x800],
  [0x1d000, 0x800],
  [0x1f000, 0xb00],
  [0x20000, 0xa6e0],
  [0xe0000, 0x1f0],
  [0x10f000, 0x1000],
];
// biome-ignore format: as in the script
const pieces = [
  'a', 'B', 'the', 'Hello', ' world', 'é', 'ß', 'İ', 'ﬁ', '日本', 'ไทย', 'नमस्ते', 'שלום', '🙂', '👩‍👩‍👧', '🇪🇸', 'e\u0301', '\u200d', '\ufe0f',
  "'s", "'ll", "'T", "don't", '7', '42', '1,000.5', 'x²', '...', '!?', '--', '`', '\\', '{}', 'http://x.y/z?q=1', '\r\n', '\t\t', '  ', '\n\n',
];

type Below = (limit: number) => number;

/** `count` texts that follow from the seed. */
export function randomTexts(seed: number, count: number): string[] {
  const below = randomNumbers(seed);
  return Array.from({ length: count }, () => {
    const length = 1 + below(30);
    return Array.from({ length }, () => randomPiece(below)).join('');
  });
}

/** Whole numbers below a limit. Source: Marsaglia, Xorshift RNGs, 2003. */
function randomNumbers(seed: number): Below {
  let state = seed;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

function randomPiece(below: Below): string {
  const pick = <T>(values: readonly T[]): T => values[below(values.length)] as T;
  const kind = below(8);
  if (kind === 0) return String.fromCodePoint(pick(blanks));
  if (kind === 1) return String.fromCodePoint(pick(numerals) + below(3));
  if (kind === 2) return String.fromCodePoint(0x20 + below(0x5f));
  if (kind === 3) return String.fromCodePoint(below(0x800));
  if (kind > 4) return pick(pieces);
  const [first, length] = pick(blocks);
  return String.fromCodePoint(first + below(length));
}
