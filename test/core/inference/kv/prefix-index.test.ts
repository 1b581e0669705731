import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CacheScope } from '../../../../packages/core/src/cache-scopes.ts';
import type { KvBlock } from '../../../../packages/core/src/inference/kv/kv-spec.ts';
import {
  blockTokens,
  PrefixIndex,
} from '../../../../packages/core/src/inference/kv/prefix-index.ts';

const spec = { type: 'float32', layers: 1, kvHeads: 2, headDim: 1 } as const;
const bytesPerToken = 16;

const scope = (name: string): CacheScope => ({ name, isForgotten: false });

/** What a model would keep of each token: it depends on all tokens before, and on the scope. */
function valuesOf(name: string, keys: readonly number[]): number[] {
  let state = name.length === 0 ? 1 : name.charCodeAt(0);
  return keys.map((key) => {
    state = Math.imul(state, 31) + key;
    return state % 100_003;
  });
}

/** Keys and values of one layer with two heads. */
function copyOf(name: string, keys: readonly number[]): (from: number, to: number) => KvBlock {
  return (from, to) => {
    const values = valuesOf(name, keys).slice(from, to);
    return {
      tokens: to - from,
      data: Float32Array.from([1, 2, 3, 4].flatMap((head) => values.map((each) => each * head))),
    };
  };
}

/** The values that blocks hold of each token; fails where the heads disagree. */
function heldBy(blocks: readonly KvBlock[]): number[] {
  return blocks.flatMap(({ tokens, data }) => {
    const heads = [1, 2, 3, 4].map((head) =>
      Array.from(data.subarray((head - 1) * tokens, head * tokens), (each) => each / head),
    );
    for (const head of heads) expect(head).toEqual(heads[0]);
    return heads[0] ?? [];
  });
}

const count = (blocks: readonly KvBlock[]) => blocks.reduce((sum, { tokens }) => sum + tokens, 0);

/** Prompts that often begin alike, of up to four blocks. */
const prompts = fc
  .array(fc.tuple(fc.nat({ max: 2 }), fc.integer({ min: 1, max: 90 })), {
    minLength: 1,
    maxLength: 5,
  })
  .map((runs) =>
    runs.flatMap(([token, length]) => Array.from({ length }, (_, i) => token * 7 + (i % 5))),
  );

describe('the prefix index', () => {
  it('finds just the longest beginning that was kept in the same scope, with its own values', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), prompts, fc.boolean()), {
          maxLength: 30,
        }),
        (steps) => {
          const index = new PrefixIndex(spec, Number.POSITIVE_INFINITY);
          const kept: { name: string; keys: number[] }[] = [];
          for (const [name, keys, isForgetting] of steps) {
            const shared = kept
              .filter((each) => each.name === name)
              .map((each) => {
                const differs = keys.findIndex((key, i) => each.keys[i] !== key);
                return differs === -1 ? keys.length : differs;
              });
            const wanted = Math.min(Math.max(0, ...shared), keys.length - 1);
            const found = index.longest(scope(name), keys, keys.length - 1);
            expect(count(found)).toBe(wanted);
            expect(heldBy(found)).toEqual(valuesOf(name, keys).slice(0, wanted));
            if (isForgetting && keys.length % 4 === 0) {
              index.forget(name);
              kept.splice(0, kept.length, ...kept.filter((each) => each.name !== name));
            } else {
              index.remember(scope(name), keys, copyOf(name, keys));
              kept.push({ name, keys });
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('never holds more than its bound, and gives right values of what it still holds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 }),
        fc.array(fc.tuple(fc.constantFrom('a', 'b'), prompts), { maxLength: 30 }),
        (maxTokens, steps) => {
          const index = new PrefixIndex(spec, maxTokens * bytesPerToken);
          for (const [name, keys] of steps) {
            index.remember(scope(name), keys, copyOf(name, keys));
            expect(index.bytes).toBeLessThanOrEqual(maxTokens * bytesPerToken);
            const found = index.longest(scope(name), keys, keys.length);
            expect(heldBy(found)).toEqual(valuesOf(name, keys).slice(0, count(found)));
            if (keys.length * 2 <= maxTokens) expect(count(found)).toBe(keys.length);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('keeps what prompts share once', () => {
    const index = new PrefixIndex(spec, Number.POSITIVE_INFINITY);
    const beginning = Array.from({ length: 2 * blockTokens }, (_, i) => i);
    for (let ending = 0; ending < 10; ending += 1) {
      const keys = [...beginning, 1000 + ending];
      index.remember(scope('a'), keys, copyOf('a', keys));
    }
    expect(index.bytes).toBe((2 * blockTokens + 10) * bytesPerToken);
  });

  it('drops first what was used the longest time ago', () => {
    const index = new PrefixIndex(spec, 3 * 4 * bytesPerToken);
    for (const name of ['a', 'b', 'c'])
      index.remember(scope(name), [1, 2, 3, 4], copyOf(name, [1, 2, 3, 4]));
    index.longest(scope('a'), [1, 2], 2);
    index.remember(scope('d'), [1, 2, 3, 4], copyOf('d', [1, 2, 3, 4]));
    const found = ['a', 'b', 'c', 'd'].map((name) =>
      count(index.longest(scope(name), [1, 2, 3, 4], 4)),
    );
    expect(found).toEqual([4, 0, 4, 4]);
  });

  it('neither gives nor keeps anything for a call whose scope was forgotten meanwhile', () => {
    const index = new PrefixIndex(spec, Number.POSITIVE_INFINITY);
    const forgotten = { name: 'a', isForgotten: true };
    index.remember(forgotten, [1, 2], copyOf('a', [1, 2]));
    expect(index.longest(scope('a'), [1, 2], 2)).toEqual([]);
    index.remember(scope('a'), [1, 2], copyOf('a', [1, 2]));
    expect(index.longest(forgotten, [1, 2], 2)).toEqual([]);
  });
});
