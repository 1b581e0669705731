import { createHash } from 'node:crypto';
import { blockTokens } from './prefix-index.js';

/** Names a block by all that it depends on: the tokens and pictures before it and in it. */
export type BlockKey = string & { readonly brand: unique symbol };

/** The tokens of a prompt, and what the pictures among them are. */
export interface PromptKeys {
  /** Ids of tokens; those of pictures are numbers of {@link digests}. */
  keys: readonly number[];
  /** Digest of the content of a picture, by its number. */
  digests: ReadonlyMap<number, string>;
}

/** The keys of the whole blocks of a prompt, in order. */
export function blockKeys({ keys, digests }: PromptKeys): BlockKey[] {
  const found: BlockKey[] = [];
  let parent = '';
  for (let from = 0; from + blockTokens <= keys.length; from += blockTokens) {
    const part = keys.slice(from, from + blockTokens).map((key) => digests.get(key) ?? key);
    parent = createHash('sha256').update(`${parent}\n${part.join()}`).digest('hex');
    found.push(parent as BlockKey);
  }
  return found;
}
