import { describe, expect, it } from 'vitest';
import { BoundedCache } from '../../packages/core/src/bounded-cache.ts';

describe('a bounded cache', () => {
  const cacheOf = (maxBytes: number) =>
    new BoundedCache<Uint8Array>(maxBytes, ({ byteLength }) => byteLength);

  it('drops what was unused the longest, and no more than it must', () => {
    const cache = cacheOf(30);
    for (const name of ['a', 'b', 'c']) cache.set(name, new Uint8Array(10));
    cache.get('a');
    cache.set('d', new Uint8Array(10));
    expect(['a', 'b', 'c', 'd'].filter((name) => cache.get(name) !== undefined)).toEqual([
      'a',
      'c',
      'd',
    ]);
  });

  it('counts what is set again once', () => {
    const cache = cacheOf(20);
    for (const name of ['a', 'a', 'a', 'b']) cache.set(name, new Uint8Array(10));
    expect(cache.get('a')).toBeDefined();
    expect(cache.get('b')).toBeDefined();
  });

  it('keeps nothing larger than itself', () => {
    const cache = cacheOf(10);
    cache.set('a', new Uint8Array(11));
    expect(cache.get('a')).toBeUndefined();
  });
});
