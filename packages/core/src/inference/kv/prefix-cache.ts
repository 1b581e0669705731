import type { CacheScope } from '../../cache-scopes.js';
import { blockKeys, type PromptKeys } from './block-key.js';
import type { DiskStore } from './disk-store.js';
import type { KvBlock } from './kv-spec.js';
import { blockTokens, type CopyBlock, type PrefixIndex } from './prefix-index.js';

/**
 * Keys and values of prompts and answers: in memory, and on disk where a store is given, so that they
 * outlive a restart.
 */
export class PrefixCache {
  readonly #index: PrefixIndex;
  readonly #disk: DiskStore | undefined;

  constructor(index: PrefixIndex, disk?: DiskStore) {
    this.#index = index;
    this.#disk = disk;
  }

  /** The blocks with which a prompt begins, at most `maxTokens` tokens of them. */
  async longest(scope: CacheScope, prompt: PromptKeys, maxTokens: number): Promise<KvBlock[]> {
    const inMemory = this.#index.longest(scope, prompt.keys, maxTokens);
    if (this.#disk === undefined || scope.isForgotten) return inMemory;
    const whole = inMemory.filter(({ tokens }) => tokens === blockTokens);
    const onDisk = await this.#more(scope, prompt, whole.length, maxTokens);
    if (onDisk.length === 0) return inMemory;
    const blocks = [...whole, ...onDisk];
    this.#index.remember(
      scope,
      prompt.keys.slice(0, blocks.length * blockTokens),
      (from) => blocks[from / blockTokens] ?? { tokens: 0, data: new Float32Array() },
    );
    return blocks;
  }

  /** Whole blocks behind the first `known`, from disk. */
  async #more(
    scope: CacheScope,
    prompt: PromptKeys,
    known: number,
    maxTokens: number,
  ): Promise<KvBlock[]> {
    const blocks: KvBlock[] = [];
    const wanted = blockKeys(prompt).slice(known, Math.floor(maxTokens / blockTokens));
    for (const key of wanted) {
      const block = await this.#disk?.get(scope.name, key, blockTokens);
      if (block === undefined || scope.isForgotten) break;
      blocks.push(block);
    }
    return scope.isForgotten ? [] : blocks;
  }

  /** Keeps the blocks of a prompt that are not kept yet; `copy` gives them. */
  remember(scope: CacheScope, prompt: PromptKeys, copy: CopyBlock): void {
    const added = this.#index.remember(scope, prompt.keys, copy);
    if (this.#disk === undefined || scope.isForgotten) return;
    const keys = blockKeys(prompt);
    for (const { from, block } of added) {
      const key = block.tokens === blockTokens ? keys[from / blockTokens] : undefined;
      if (key !== undefined) this.#disk.put(scope.name, key, block);
    }
  }

  /** Drops all that was kept in the scope of this name. */
  async forget(name: string): Promise<void> {
    this.#index.forget(name);
    await this.#disk?.forget(name);
  }

  /** Ends when all that was kept is on disk. */
  async flush(): Promise<void> {
    await this.#disk?.flush();
  }
}
