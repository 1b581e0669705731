import { describe, expect, it } from 'vitest';
import {
  type CacheScope,
  CacheScopes,
  forgottenScope,
} from '../../packages/core/src/cache-scopes.ts';
import { ScopedCache } from '../../packages/core/src/scoped-cache.ts';

const scope = (name: string): CacheScope => ({ name, isForgotten: false });

describe('a cache with scopes', () => {
  const cacheOf = (maxSize: number) => new ScopedCache<string>(maxSize, ({ length }) => length);

  it('gives what was kept in a scope there alone', () => {
    const cache = cacheOf(100);
    cache.set(scope('a'), 'key', 'of a');
    expect(cache.get(scope('b'), 'key')).toBeUndefined();
    cache.set(scope('b'), 'key', 'of b');
    expect(cache.get(scope('a'), 'key')).toBe('of a');
    expect(cache.get(scope('b'), 'key')).toBe('of b');
  });

  it.each([
    ['a', 'b c', 'a b', 'c'],
    ['', '["a","b"]', '["', 'a","b"]'],
    ['a","b', 'c', 'a', 'b","c'],
  ])('takes no scope and key for others: %j %j, %j %j', (one, key, other, otherKey) => {
    const cache = cacheOf(100);
    cache.set(scope(one), key, 'secret');
    expect(cache.get(scope(other), otherKey)).toBeUndefined();
  });

  it('is bounded over all scopes together, and drops what was unused the longest', () => {
    const cache = cacheOf(30);
    for (let i = 0; i < 100; i += 1) cache.set(scope(`tenant ${i}`), 'key', '0123456789');
    const kept = Array.from({ length: 100 }, (_, i) => cache.get(scope(`tenant ${i}`), 'key'));
    expect(kept.flatMap((value, i) => (value === undefined ? [] : [i]))).toEqual([97, 98, 99]);
  });

  it('forgets one scope, whose room others then have', () => {
    const cache = cacheOf(20);
    cache.set(scope('a'), 'key', '0123456789');
    cache.set(scope('b'), 'key', '0123456789');
    cache.forget('b');
    cache.set(scope('c'), 'key', '0123456789');
    expect(cache.get(scope('b'), 'key')).toBeUndefined();
    expect(cache.get(scope('a'), 'key')).toBeDefined();
    expect(cache.get(scope('c'), 'key')).toBeDefined();
  });

  it('neither gives nor keeps anything for a call whose scope was forgotten meanwhile', () => {
    const scopes = new CacheScopes();
    const cache = cacheOf(100);
    const [before, other] = [scopes.open('a'), scopes.open('b')];
    scopes.forget('a');
    const after = scopes.open('a');
    cache.set(before, 'key', 'late');
    expect(cache.get(after, 'key')).toBeUndefined();
    cache.set(after, 'key', 'new');
    cache.set(other, 'key', 'other');
    expect([before, after, other].map((each) => cache.get(each, 'key'))).toEqual([
      undefined,
      'new',
      'other',
    ]);
    expect(cache.get(forgottenScope, 'key')).toBeUndefined();
  });
});
