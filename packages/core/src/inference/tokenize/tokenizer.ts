import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { VistazoError } from '../../errors.js';
import { bytesOfToken } from './byte-level.js';
import { fixTokenizer } from './tokenizer-fixes.js';

/** The files a tokenizer is made of. */
export interface TokenizerFiles {
  /** The text of `tokenizer.json`, which is parsed only where it is used: it can have many megabytes. */
  tokenizerJson: string;
  /** `tokenizer_config.json`, parsed. */
  tokenizerConfig: object;
}

/** Turns text into token ids and back, as the model's own tokenizer in Python does. */
export class Tokenizer {
  readonly #inner: HuggingFaceTokenizer;

  private constructor(inner: HuggingFaceTokenizer) {
    this.#inner = inner;
  }

  /** Throws `model.invalidConfig` when the files do not describe a tokenizer. */
  static load({ tokenizerJson, tokenizerConfig }: TokenizerFiles): Tokenizer {
    try {
      const inner = new HuggingFaceTokenizer(JSON.parse(tokenizerJson), tokenizerConfig);
      fixTokenizer(inner);
      return new Tokenizer(inner);
    } catch (cause) {
      throw new VistazoError(
        'model.invalidConfig',
        'tokenizer.json or tokenizer_config.json does not describe a tokenizer; download the model again.',
        { cause },
      );
    }
  }

  /**
   * Token ids of `text`; special tokens in it are recognised. With `addSpecialTokens` the tokenizer's own
   * ones begin and end it. Default: none is added.
   */
  encode(text: string, { addSpecialTokens = false } = {}): number[] {
    return this.#inner.encode(text, { add_special_tokens: addSpecialTokens }).ids;
  }

  /** Text of `tokenIds`. Special tokens are left out unless `keepSpecialTokens`. */
  decode(tokenIds: readonly number[], { keepSpecialTokens = false } = {}): string {
    if (tokenIds.length === 0) return '';
    return this.#inner.decode([...tokenIds], {
      skip_special_tokens: !keepSpecialTokens,
      clean_up_tokenization_spaces: false,
    });
  }

  /**
   * The bytes of each token, by its id; none of special tokens. Throws `option.unsupported` when the
   * vocabulary is of another kind than byte-level.
   */
  tokenBytes(): (Uint8Array | undefined)[] {
    if (this.#inner.decoder?.config.type !== 'ByteLevel') {
      throw new VistazoError(
        'option.unsupported',
        'An answer can be held to jsonSchema only with a byte-level vocabulary, which this model does not have; use another model, or one on a server.',
      );
    }
    const bytes: (Uint8Array | undefined)[] = [];
    for (const [token, id] of this.#inner.get_vocab(false)) bytes[id] = bytesOfToken(token);
    return bytes;
  }

  /** The token that the tokenizer itself puts before a text; undefined when it puts none. */
  get beginToken(): string | undefined {
    const [first] = this.#inner.encode('').ids;
    if (first === undefined) return undefined;
    const token = this.#inner.get_added_tokens_decoder().get(first);
    return token?.special && token.content === this.#inner.config.bos_token
      ? token.content
      : undefined;
  }

  tokenToId(token: string): number | undefined {
    return this.#inner.token_to_id(token);
  }

  /** The tokens that stand for structure, such as turns and pictures. */
  get specialTokens(): string[] {
    return [...this.#inner.get_added_tokens_decoder().values()]
      .filter((token) => token.special)
      .map((token) => token.content);
  }
}
