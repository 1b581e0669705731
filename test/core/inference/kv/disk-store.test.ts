import { chmod, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CacheScope } from '../../../../packages/core/src/cache-scopes.ts';
import { DiskStore } from '../../../../packages/core/src/inference/kv/disk-store.ts';
import type { KvBlock } from '../../../../packages/core/src/inference/kv/kv-spec.ts';
import { PrefixCache } from '../../../../packages/core/src/inference/kv/prefix-cache.ts';
import { PrefixIndex } from '../../../../packages/core/src/inference/kv/prefix-index.ts';

const spec = { type: 'float32', layers: 1, kvHeads: 1, headDim: 1 } as const;
const fileBytes = 64 * 8 + 32;
const scope = (name: string): CacheScope => ({ name, isForgotten: false });

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vistazo-kv-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A cache as a new process has it: nothing in memory, the same files. */
function newProcess({ fingerprint = 'model', maxBytes = 1e6 } = {}) {
  const disk = new DiskStore(spec, { folder: join(folder, 'kv'), maxBytes, fingerprint });
  return new PrefixCache(new PrefixIndex(spec, 1e6), disk);
}

const promptOf = (tokens: number, picture = 'a cat') => ({
  keys: Array.from({ length: tokens }, (_, i) => (i === 3 ? -1 : i)),
  digests: new Map([[-1, picture]]),
});

/** Values that tell the token and whose it is. */
const copyOf =
  (mark: number) =>
  (from: number, to: number): KvBlock => ({
    tokens: to - from,
    data: Float32Array.from({ length: 2 * (to - from) }, (_, i) => mark * 1000 + from + i),
  });

const tokensOf = (blocks: readonly KvBlock[]) =>
  blocks.reduce((sum, { tokens }) => sum + tokens, 0);

async function keep(cache: PrefixCache, name: string, tokens: number, mark = 1, picture?: string) {
  cache.remember(scope(name), promptOf(tokens, picture), copyOf(mark));
  await cache.flush();
}

async function filesOf(): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
}

describe('keys and values on disk', () => {
  it('are found by the next process, in whole blocks, with their own values', async () => {
    await keep(newProcess(), 'a', 200);
    const found = await newProcess().longest(scope('a'), promptOf(200), 199);
    expect(tokensOf(found)).toBe(192);
    expect(found.map(({ data }) => data[0])).toEqual([1000, 1064, 1128]);
  });

  it('go on from what is in memory', async () => {
    await keep(newProcess(), 'a', 200);
    const cache = newProcess();
    await keep(cache, 'a', 64);
    expect(tokensOf(await cache.longest(scope('a'), promptOf(200), 199))).toBe(192);
  });

  it.each([
    ['another scope', () => newProcess().longest(scope('b'), promptOf(200), 199)],
    [
      'another model',
      () => newProcess({ fingerprint: 'other' }).longest(scope('a'), promptOf(200), 199),
    ],
    ['another picture', () => newProcess().longest(scope('a'), promptOf(200, 'a dog'), 199)],
    [
      'another beginning',
      () =>
        newProcess().longest(
          scope('a'),
          { keys: [9, ...promptOf(199).keys], digests: new Map([[-1, 'a cat']]) },
          199,
        ),
    ],
    [
      'a forgotten scope',
      () => newProcess().longest({ name: 'a', isForgotten: true }, promptOf(200), 199),
    ],
  ])('are not found by %s', async (_, look) => {
    await keep(newProcess(), 'a', 200);
    expect(await look()).toEqual([]);
  });

  it('are gone when their scope is forgotten, also those that are being written', async () => {
    const cache = newProcess();
    await keep(cache, 'a', 200);
    await keep(cache, 'b', 200, 2);
    cache.remember(scope('a'), promptOf(400), copyOf(1));
    await cache.forget('a');
    await cache.flush();
    expect(await newProcess().longest(scope('a'), promptOf(400), 399)).toEqual([]);
    expect(tokensOf(await newProcess().longest(scope('b'), promptOf(200), 199))).toBe(192);
    expect((await filesOf()).length).toBe(3);
  });

  it.each([
    ['cut off', (path: string) => truncate(path, 40)],
    ['empty', (path: string) => truncate(path, 0)],
    [
      'changed in one bit',
      async (path: string) => {
        const bytes = await readFile(path);
        bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
        await writeFile(path, bytes);
      },
    ],
  ])('are worked out again when a file is %s, and the file is deleted', async (_, damage) => {
    await keep(newProcess(), 'a', 64);
    const [path = ''] = await filesOf();
    await damage(path);
    expect(await newProcess().longest(scope('a'), promptOf(64 + 1), 64)).toEqual([]);
    expect(await filesOf()).toEqual([]);
  });

  it('stay within their budget, the last used ones longest', async () => {
    const cache = newProcess({ maxBytes: 3 * fileBytes });
    for (const name of ['a', 'b', 'c']) {
      await keep(cache, name, 64);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await newProcess({ maxBytes: 3 * fileBytes }).longest(scope('a'), promptOf(65), 64);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const next = newProcess({ maxBytes: 3 * fileBytes });
    await keep(next, 'd', 64);
    expect((await filesOf()).length).toBe(3);
    const found = [];
    for (const name of ['a', 'b', 'c', 'd']) {
      found.push(tokensOf(await newProcess().longest(scope(name), promptOf(65), 64)));
    }
    expect(found).toEqual([64, 0, 64, 64]);
  });

  it('can be read by their owner alone', async () => {
    await keep(newProcess(), 'a', 64);
    const [path = ''] = await filesOf();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700);
  });

  it('are left out where the folder cannot be written to', async () => {
    await writeFile(join(folder, 'kv'), 'a file where the folder should be');
    const cache = newProcess();
    await keep(cache, 'a', 200);
    expect(tokensOf(await cache.longest(scope('a'), promptOf(200), 199))).toBe(199);
    await cache.forget('a');
    expect(await cache.longest(scope('a'), promptOf(200), 199)).toEqual([]);
    await chmod(folder, 0o700);
  });
});
