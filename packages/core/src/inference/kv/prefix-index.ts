import type { CacheScope } from '../../cache-scopes.js';
import { emptyBlock, type KvBlock, type KvSpec } from './kv-spec.js';

/** Tokens of a whole block. Only the last block of a prefix may have fewer. */
export const blockTokens = 64;

/** Copies the tokens `from` to `to` of a sequence. */
export type CopyBlock = (from: number, to: number) => KvBlock;

interface Node {
  /** The tokens of the block: ids, or numbers of pictures. */
  keys: readonly number[];
  block: KvBlock;
  parent: Node | Root;
  children: Node[];
  usedAt: number;
}

interface Root {
  scope: string;
  children: Node[];
}

/**
 * Keys and values of prompts and answers, in blocks, up to `maxBytes`, so that a later prompt
 * reads only what is new. Prompts that begin alike share blocks. Blocks of one scope are found in
 * no other; the bound is over all scopes together, and the longest unused blocks go first.
 */
export class PrefixIndex {
  readonly #spec: KvSpec;
  readonly #maxBytes: number;
  readonly #roots = new Map<string, Root>();
  #bytes = 0;
  #clock = 0;

  constructor(spec: KvSpec, maxBytes: number) {
    this.#spec = spec;
    this.#maxBytes = maxBytes;
  }

  /** Bytes of all blocks. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The blocks with which `keys` begin, at most `maxTokens` tokens of them. */
  longest(
    { name, isForgotten }: CacheScope,
    keys: readonly number[],
    maxTokens: number,
  ): KvBlock[] {
    let at: Node | Root | undefined = isForgotten ? undefined : this.#roots.get(name);
    const blocks: KvBlock[] = [];
    let tokens = 0;
    while (at !== undefined && tokens < maxTokens) {
      const [child, shared] = bestChild(at, keys, tokens);
      if (child === undefined) break;
      child.usedAt = ++this.#clock;
      const taken = Math.min(shared, maxTokens - tokens);
      blocks.push(this.#beginning(child.block, taken));
      tokens += taken;
      at = taken === blockTokens ? child : undefined;
    }
    return blocks;
  }

  /** Keeps the blocks of `keys` that are not kept yet; `copy` gives them. Returns the new ones. */
  remember(
    { name, isForgotten }: CacheScope,
    keys: readonly number[],
    copy: CopyBlock,
  ): { from: number; block: KvBlock }[] {
    const added: { from: number; block: KvBlock }[] = [];
    if (isForgotten || keys.length === 0) return added;
    let at: Node | Root = this.#rootOf(name);
    for (let from = 0; from < keys.length; from += blockTokens) {
      const part = keys.slice(from, from + blockTokens);
      const known = this.#childWith(at, part);
      if (known === undefined) {
        const block = copy(from, from + part.length);
        added.push({ from, block });
        at = this.#add(at, part, block);
      } else at = known;
      if (part.length < blockTokens) break;
    }
    this.#evict();
    return added;
  }

  /** Drops all that was kept in the scope of this name. */
  forget(name: string): void {
    const root = this.#roots.get(name);
    this.#roots.delete(name);
    const pending = [...(root?.children ?? [])];
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      this.#bytes -= node.block.data.byteLength;
      pending.push(...node.children);
    }
  }

  #rootOf(scope: string): Root {
    const known = this.#roots.get(scope);
    if (known !== undefined) return known;
    const root: Root = { scope, children: [] };
    this.#roots.set(scope, root);
    return root;
  }

  /** The child that begins with all of `part`. */
  #childWith(at: Node | Root, part: readonly number[]): Node | undefined {
    const found = at.children.find(({ keys }) => sharedLength(keys, part, 0) === part.length);
    if (found !== undefined) found.usedAt = ++this.#clock;
    return found;
  }

  #add(parent: Node | Root, keys: readonly number[], block: KvBlock): Node {
    const node: Node = { keys, block, parent, children: [], usedAt: ++this.#clock };
    const shorter = parent.children.filter(
      (each) => each.children.length === 0 && sharedLength(each.keys, keys, 0) === each.keys.length,
    );
    parent.children.push(node);
    this.#bytes += block.data.byteLength;
    // They are of no more use: the new one begins with them.
    for (const each of shorter) this.#remove(each);
    return node;
  }

  #remove(node: Node): void {
    const { children } = node.parent;
    children.splice(children.indexOf(node), 1);
    this.#bytes -= node.block.data.byteLength;
    if (children.length === 0 && 'scope' in node.parent) this.#roots.delete(node.parent.scope);
  }

  #evict(): void {
    if (this.#bytes <= this.#maxBytes) return;
    const leaves = [...this.#roots.values()].flatMap((root) => leavesOf(root));
    leaves.sort((a, b) => a.usedAt - b.usedAt);
    for (let node = leaves.shift(); node !== undefined; node = leaves.shift()) {
      if (this.#bytes <= this.#maxBytes) return;
      const { parent } = node;
      this.#remove(node);
      // Its parent may be a leaf now; a parent is never used less lately than its children.
      if ('block' in parent && parent.children.length === 0) {
        const place = leaves.findIndex(({ usedAt }) => usedAt > parent.usedAt);
        leaves.splice(place === -1 ? leaves.length : place, 0, parent);
      }
    }
  }

  /** The first tokens of a block; not copied when they are all of it. */
  #beginning(block: KvBlock, tokens: number): KvBlock {
    if (tokens === block.tokens) return block;
    const part = emptyBlock(this.#spec, tokens);
    const { headDim } = this.#spec;
    const heads = block.data.length / (block.tokens * headDim);
    for (let head = 0; head < heads; head += 1) {
      const from = head * block.tokens * headDim;
      part.data.set(block.data.subarray(from, from + tokens * headDim), head * tokens * headDim);
    }
    return part;
  }
}

function bestChild(
  { children }: Node | Root,
  keys: readonly number[],
  from: number,
): [Node | undefined, number] {
  let best: Node | undefined;
  let most = 0;
  for (const child of children) {
    const shared = sharedLength(child.keys, keys, from);
    if (shared > most) [best, most] = [child, shared];
  }
  return [best, most];
}

/** How many of `keys` stand in `all` from `from` on. */
function sharedLength(keys: readonly number[], all: readonly number[], from: number): number {
  const limit = Math.min(keys.length, all.length - from);
  let length = 0;
  while (length < limit && keys[length] === all[from + length]) length += 1;
  return length;
}

function leavesOf(root: Root): Node[] {
  const leaves: Node[] = [];
  const pending = [...root.children];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (node.children.length === 0) leaves.push(node);
    pending.push(...node.children);
  }
  return leaves;
}
