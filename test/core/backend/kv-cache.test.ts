import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLocalModel, type VisionLanguageModel } from '@vistazo/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const folder = fileURLToPath(new URL('../../reference/tiny-llama', import.meta.url));
const messages = [{ role: 'user' as const, content: 'What did we say before? '.repeat(20) }];

let kvCacheFolder: string;
beforeEach(async () => {
  kvCacheFolder = await mkdtemp(join(tmpdir(), 'vistazo-kv-cache-'));
});
afterEach(async () => {
  await rm(kvCacheFolder, { recursive: true, force: true });
});

/** A new process, as after a restart of the bot. */
async function restarted<T>(use: (model: VisionLanguageModel) => Promise<T>): Promise<T> {
  const model = await createLocalModel({ model: folder, intraOpThreads: 1, kvCacheFolder });
  try {
    return await use(model);
  } finally {
    await model.close();
  }
}

async function ask(model: VisionLanguageModel, cacheScope: string) {
  const events = await Array.fromAsync(model.generate(messages, { maxNewTokens: 4, cacheScope }));
  const end = events.at(-1);
  if (end?.type !== 'end') throw new Error('An answer without an end');
  return end;
}

/** Files are written behind the answer. */
async function untilKept(): Promise<void> {
  for (let look = 0; look < 200; look += 1) {
    const files = existsSync(kvCacheFolder)
      ? await readdir(kvCacheFolder, { recursive: true })
      : [];
    if (files.some((name) => name.endsWith('.kv'))) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('Nothing was kept.');
}

describe('a local model with a folder for what it has read', () => {
  it('reads a prompt once, also across a restart, and answers the same', async () => {
    const first = await restarted(async (model) => {
      const end = await ask(model, 'a');
      await untilKept();
      return end;
    });
    const second = await restarted((model) => ask(model, 'a'));
    expect(first.usage.reusedTokens).toBe(0);
    expect(second.usage.reusedTokens).toBeGreaterThanOrEqual(64);
    expect(second.text).toBe(first.text);
  });

  it('finds nothing of another scope', async () => {
    await restarted(async (model) => {
      await ask(model, 'a');
      await untilKept();
    });
    expect((await restarted((model) => ask(model, 'b'))).usage.reusedTokens).toBe(0);
  });

  it('keeps nothing of a scope that was forgotten', async () => {
    await restarted(async (model) => {
      await ask(model, 'a');
      await untilKept();
      await model.forget?.('a');
    });
    expect((await restarted((model) => ask(model, 'a'))).usage.reusedTokens).toBe(0);
  });

  it('refuses a budget of no bytes', async () => {
    const options = { model: folder, kvCacheFolder, maxKvCacheBytes: 0 };
    await expect(createLocalModel(options)).rejects.toMatchObject({ code: 'option.invalid' });
  });
});
