import type { TokenizerParts } from '../model-family.js';

/** How the family cuts text into words. Source: transformers `models/qwen2/tokenization_qwen2.py`. */
const words =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** What `tokenizer.json` would hold: the files that the family publishes hold its parts alone. */
export function assembleTokenizer({ vocabulary, merges, config }: TokenizerParts): object {
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true };
  return {
    version: '1.0',
    added_tokens: addedTokens(config),
    normalizer: { type: 'NFC' },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: words }, behavior: 'Isolated', invert: false },
        { ...byteLevel, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: { ...byteLevel, use_regex: true },
    model: {
      type: 'BPE',
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      vocab: vocabulary,
      merges: merges.split('\n').filter(isMerge),
    },
  };
}

/** The first line of the file tells its version. Merges may begin with `#`, and the blank parts two pieces. */
function isMerge(line: string, index: number): boolean {
  return line.includes(' ') && !(index === 0 && line.startsWith('#version'));
}

/** `added_tokens_decoder` has them by their ids. */
function addedTokens(config: object): object[] {
  const byId: unknown = 'added_tokens_decoder' in config ? config.added_tokens_decoder : undefined;
  if (typeof byId !== 'object' || byId === null) return [];
  return Object.entries(byId).map(([id, token]) => ({ id: Number(id), ...token }));
}
