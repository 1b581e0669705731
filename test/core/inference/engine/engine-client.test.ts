import { nanoModelFolder } from '@vistazo/nano';
import { afterEach, describe, expect, it } from 'vitest';
import { EngineClient } from '../../../../packages/core/dist/inference/engine/engine-client.js';
import type { EngineReply } from '../../../../packages/core/dist/inference/engine/engine-protocol.js';
import { resolveOptions } from '../../../../packages/core/src/generation/resolve-options.ts';
import { describeModel } from '../../../../packages/core/src/inference/files/model-folder.ts';

let engine: EngineClient;

afterEach(() => engine.close());

async function startEngine(abortGraceMs: number): Promise<number> {
  const options = { intraOpThreads: 1, kvCache: undefined, measuresTiles: false };
  engine = new EngineClient(describeModel(nanoModelFolder), options, { abortGraceMs });
  await engine.start();
  return pid();
}

async function pid(): Promise<number> {
  const id = await engine.pid();
  if (id === undefined) throw new Error('The engine has no process');
  return id;
}

/** Three texts of forty characters, which nothing ends early. */
const longSchema = {
  type: 'array',
  items: { type: 'string', minLength: 40, maxLength: 41 },
  minItems: 3,
  maxItems: 3,
};

/** An answer, and promises of its first reply and of all of them. */
function ask({ signal, isLong = false }: { signal?: AbortSignal; isLong?: boolean } = {}) {
  const { promise: begun, resolve } = Promise.withResolvers<void>();
  const given = isLong ? { maxNewTokens: 200, jsonSchema: longSchema } : { maxNewTokens: 3 };
  const request = {
    messages: [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'Write' }] }],
    pictures: [],
    options: resolveOptions(given, {}),
  };
  const replies = (async () => {
    const seen: EngineReply[] = [];
    const work = { type: 'generate', request, cacheScope: '' } as const;
    for await (const reply of engine.run(work, signal)) {
      seen.push(reply);
      resolve();
    }
    return seen;
  })();
  return { begun, replies };
}

function lastEvent(replies: readonly EngineReply[]) {
  const last = replies.at(-1);
  return last?.type === 'event' ? last.event : undefined;
}

describe('an engine that does not react', () => {
  it('ends a waiting answer at once when it is aborted, and goes on with the one under way', async () => {
    const process_ = await startEngine(60_000);
    const ana = ask({ isLong: true });
    await ana.begun;
    process.kill(process_, 'SIGSTOP');
    const stop = new AbortController();
    const bo = ask({ signal: stop.signal });
    setTimeout(() => stop.abort(), 20);
    expect(await bo.replies).toEqual([]);
    process.kill(process_, 'SIGCONT');
    expect(lastEvent(await ana.replies)).toMatchObject({ type: 'end', finishReason: 'endToken' });
    expect(await pid()).toBe(process_);
  });

  it('is not killed for an aborted answer while it works on another one', async () => {
    const process_ = await startEngine(20);
    const stop = new AbortController();
    const ana = ask({ isLong: true });
    const bo = ask({ isLong: true, signal: stop.signal });
    await Promise.all([ana.begun, bo.begun]);
    process.kill(process_, 'SIGSTOP');
    stop.abort();
    expect(lastEvent(await bo.replies)?.type).not.toBe('end');
    process.kill(process_, 'SIGCONT');
    expect(lastEvent(await ana.replies)).toMatchObject({ type: 'end', finishReason: 'endToken' });
    expect(await pid()).toBe(process_);
  });

  it('is killed for an aborted answer that is alone under way, and answers those that waited', async () => {
    const process_ = await startEngine(20);
    const stop = new AbortController();
    const ana = ask({ isLong: true, signal: stop.signal });
    await ana.begun;
    process.kill(process_, 'SIGSTOP');
    const bo = ask();
    stop.abort();
    expect(lastEvent(await ana.replies)?.type).not.toBe('end');
    expect(lastEvent(await bo.replies)?.type).toBe('end');
    expect(await pid()).not.toBe(process_);
  });
});
