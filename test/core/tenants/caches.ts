import assert from 'node:assert/strict';
import { cacheScopeOf } from '../../../packages/core/src/bot/cache-scope.ts';
import { CachedNormaliser } from '../../../packages/core/src/bot/cached-normaliser.ts';
import type { PictureNormaliser } from '../../../packages/core/src/bot/new-pictures.ts';
import { type CacheScope, CacheScopes } from '../../../packages/core/src/cache-scopes.ts';
import type { KvBlock } from '../../../packages/core/src/inference/kv/kv-spec.ts';
import { PrefixIndex } from '../../../packages/core/src/inference/kv/prefix-index.ts';
import { ScopedCache } from '../../../packages/core/src/scoped-cache.ts';
import { expectOwn, type Tenancy, tenancies } from './marks.ts';
import { pickStep, type Random, type Steps } from './random.ts';

/** The same pictures for everybody. */
const pictures = ['a cat', 'a dog', 'a whiteboard'].map((content) => Buffer.from(content));
const keys = ['features', 'count', 'tile'];
/** A beginning that is the same for everybody, longer than a block, and what goes on from it. */
const beginning = Array.from({ length: 70 }, (_, token) => token);
const prompts = [beginning, [...beginning, 4, 5], [...beginning, 4, 5, 6], [1, 2, 9]];
const spec = { type: 'float32', layers: 1, kvHeads: 1, headDim: 1 } as const;

/** Two floats a token, which tell whose they are. */
function kvOf(number: number, tokens: number): KvBlock {
  return { tokens, data: new Float32Array(2 * tokens).fill(number) };
}

/** The caches of a model and of a media process as all tenants share them, small enough to overflow. */
export class Caches {
  readonly #scopes = new CacheScopes();
  readonly #values = new ScopedCache<{ mark: string }>(25, () => 1);
  readonly #prefixes = new PrefixIndex(spec, 8 * 900);
  readonly #normaliser: CachedNormaliser;
  /** For whom a picture was checked last. */
  #checkedFor: string | undefined;

  constructor(private readonly random: Random) {
    const media: PictureNormaliser = {
      normalise: async (bytes, options) => {
        this.#checkedFor = options?.cacheScope;
        return { bytes, mediaType: `image of ${options?.cacheScope}`, widthPx: 1, heightPx: 1 };
      },
    };
    this.#normaliser = new CachedNormaliser(media);
  }

  async step(): Promise<string> {
    const owner = this.random.pick(tenancies);
    const name = cacheScopeOf(owner);
    const scope = this.#scopes.open(name);
    try {
      const steps = {
        value: [5, async () => this.#value(owner, scope)],
        prefix: [5, async () => this.#prefix(owner, scope)],
        picture: [3, () => this.#picture(name)],
        forget: [1, () => this.#forget(owner, scope)],
      } satisfies Steps<string>;
      const step = pickStep(this.random, steps);
      await steps[step][1]();
      return `caches: ${step}`;
    } finally {
      this.#scopes.close(scope);
    }
  }

  #value({ mark }: Tenancy, scope: CacheScope): void {
    const key = this.random.pick(keys);
    expectOwn(this.#values.get(scope, key), mark);
    this.#values.set(scope, key, { mark });
    assert.deepEqual(this.#values.get(scope, key), { mark });
  }

  #prefix(owner: Tenancy, scope: CacheScope): void {
    const number = 1 + tenancies.indexOf(owner);
    const prompt = this.random.pick(prompts);
    const expectOwnKv = (blocks: readonly KvBlock[]) => {
      for (const { data } of blocks) assert.ok(data.every((each) => each === number));
    };
    const tokensOf = (blocks: readonly KvBlock[]) =>
      blocks.reduce((sum, { tokens }) => sum + tokens, 0);
    expectOwnKv(this.#prefixes.longest(scope, prompt, prompt.length - 1));
    this.#prefixes.remember(scope, prompt, (from, to) => kvOf(number, to - from));
    const kept = this.#prefixes.longest(scope, [...prompt, 77], prompt.length);
    assert.equal(tokensOf(kept), prompt.length);
    expectOwnKv(kept);
  }

  async #picture(cacheScope: string): Promise<void> {
    const options = { cacheScope };
    const picture = this.random.pick(pictures);
    const { mediaType } = await this.#normaliser.normalise(picture, options);
    assert.equal(mediaType, `image of ${cacheScope}`);
    this.#checkedFor = undefined;
    await this.#normaliser.normalise(picture, options);
    assert.equal(this.#checkedFor, undefined, 'What was checked just now is known.');
  }

  /** After it, calls that began before keep nothing, and later ones find nothing. */
  async #forget({ mark }: Tenancy, scope: CacheScope): Promise<void> {
    const { name } = scope;
    await this.#normaliser.forget(name);
    this.#scopes.forget(name);
    this.#values.forget(name);
    this.#prefixes.forget(name);
    this.#values.set(scope, keys[0] ?? '', { mark });
    this.#prefixes.remember(scope, [1, 2, 3], (from, to) => kvOf(1, to - from));
    const later = this.#scopes.open(name);
    for (const key of keys) assert.equal(this.#values.get(later, key), undefined);
    assert.deepEqual(this.#prefixes.longest(later, [1, 2, 3, 4], 3), []);
    this.#scopes.close(later);
    this.#checkedFor = undefined;
    await this.#normaliser.normalise(this.random.pick(pictures), { cacheScope: name });
    assert.equal(this.#checkedFor, name);
  }
}
