import type { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';

// The package exports the classes of these parts and leaves them out of its types.

interface Lowercase {
  config: { type: 'Lowercase' };
  normalize(text: string): string;
}

interface Digits {
  config: { type: 'Digits'; individual_digits?: boolean };
  pattern: RegExp;
}

interface ByteLevel {
  config: { type: 'ByteLevel' };
  pattern: RegExp;
  /** The character in which the vocabulary writes each byte. */
  byte_encoder: Record<number, string>;
}

/**
 * Makes `@huggingface/tokenizers` 0.2.0 give the ids of the Rust library in four places where it does not.
 * Sources: huggingface/tokenizers `pre_tokenizers/digits.rs`, `pre_tokenizers/byte_level.rs`,
 * `models/bpe/model.rs`, `tokenizer/normalizer.rs`.
 */
export function fixTokenizer(tokenizer: HuggingFaceTokenizer): void {
  for (const each of partsOf(tokenizer.normalizer)) {
    if (isLowercase(each)) fixLowercase(each);
  }
  for (const each of partsOf(tokenizer.pre_tokenizer)) {
    if (isDigits(each)) fixDigits(each);
    else if (isByteLevel(each)) fixByteLevel(each, tokenizer);
  }
}

/** Rust lowers each character alone: Σ at the end of a word becomes σ as elsewhere, and not ς. */
function fixLowercase(lowercase: Lowercase): void {
  lowercase.normalize = (text) => Array.from(text, (character) => character.toLowerCase()).join('');
}

/** Rust's `is_numeric` takes every numeral, such as ½ and Ⅷ, where `\d` takes 0 to 9 alone. */
function fixDigits(digits: Digits): void {
  digits.pattern = digits.config.individual_digits ? /[^\p{N}]+|\p{N}/gu : /[^\p{N}]+|\p{N}+/gu;
}

/**
 * Blanks are those of Unicode: JavaScript's `\s` has U+FEFF, which is none, and lacks U+0085. A byte that
 * the vocabulary lacks is dropped before bytes are merged, so that those around it can meet.
 */
function fixByteLevel(byteLevel: ByteLevel, tokenizer: HuggingFaceTokenizer): void {
  byteLevel.pattern =
    /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;
  if (tokenizer.model?.unk_token != null) return;
  const known = Object.entries(byteLevel.byte_encoder).map(([byte, character]) => [
    byte,
    tokenizer.token_to_id(character) === undefined ? '' : character,
  ]);
  byteLevel.byte_encoder = Object.fromEntries(known);
}

/** The parts of a sequence, and of those in it; or the one part. */
function partsOf(part: object | null): object[] {
  if (part === null) return [];
  const inner =
    'tokenizers' in part ? part.tokenizers : 'normalizers' in part ? part.normalizers : undefined;
  return Array.isArray(inner) ? inner.flatMap(partsOf) : [part];
}

function isLowercase(part: object): part is Lowercase {
  return typeOf(part) === 'Lowercase' && 'normalize' in part;
}

function isDigits(part: object): part is Digits {
  return typeOf(part) === 'Digits' && 'pattern' in part;
}

function isByteLevel(part: object): part is ByteLevel {
  return typeOf(part) === 'ByteLevel' && 'byte_encoder' in part;
}

function typeOf(part: object): unknown {
  const config = 'config' in part ? part.config : undefined;
  return typeof config === 'object' && config !== null && 'type' in config
    ? config.type
    : undefined;
}
