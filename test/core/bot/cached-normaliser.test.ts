import { describe, expect, it } from 'vitest';
import { CachedNormaliser } from '../../../packages/core/src/bot/cached-normaliser.ts';
import { pictureOf, sharpMedia } from './bot-fixture.ts';

/** Counts how often a picture is really checked, each time after `before`. */
function counting(before: () => Promise<void> = async () => {}) {
  const counted = {
    checks: 0,
    async normalise(bytes: Uint8Array) {
      counted.checks += 1;
      await before();
      return sharpMedia.normalise(bytes);
    },
  };
  return counted;
}

describe('a normaliser that remembers', () => {
  it('checks a picture once in each scope', async () => {
    const media = counting();
    const cached = new CachedNormaliser(media);
    const red = await pictureOf(255);
    const checksAfter = async (cacheScope: string) => {
      await cached.normalise(red, { cacheScope });
      return media.checks;
    };
    expect(await checksAfter('a')).toBe(1);
    expect(await checksAfter('a')).toBe(1);
    expect(await checksAfter('b')).toBe(2);
    await cached.normalise(red);
    expect(media.checks).toBe(3);
    expect(await checksAfter('b')).toBe(3);
  });

  it('checks it again when the scope was forgotten, also while it was checked', async () => {
    const gate = Promise.withResolvers<void>();
    const media = counting(() => gate.promise);
    const cached = new CachedNormaliser(media);
    const red = await pictureOf(255);
    const underWay = cached.normalise(red, { cacheScope: 'a' });
    await cached.forget('a');
    gate.resolve();
    await underWay;
    await cached.normalise(red, { cacheScope: 'a' });
    await cached.normalise(red, { cacheScope: 'a' });
    expect(media.checks).toBe(2);
    await cached.forget('a');
    await cached.normalise(red, { cacheScope: 'a' });
    expect(media.checks).toBe(3);
  });
});
