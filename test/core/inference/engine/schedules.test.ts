import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Inference } from '../../../../packages/core/src/inference/engine/inference.ts';
import type { InferenceRequest } from '../../../../packages/core/src/inference/engine/inference-request.ts';
import type { ModelDescription } from '../../../../packages/core/src/inference/files/model-folder.ts';
import { Random } from '../../tenants/random.ts';
import { cases, describeTiny, requestOf, showingTokens, tokensOf } from '../tiny-model.ts';

/** More than in a usual run, to look long: `VISTAZO_SCHEDULES=10000`. */
const schedules = Number(process.env.VISTAZO_SCHEDULES ?? 60);
const timeoutMs = 60_000 + schedules * 1000;
const mostTokens = 8;
const scopes = ['a', 'b', 'c'];

let description: ModelDescription;
let folder: string;
/** What each case gives alone. */
const alone: { request: InferenceRequest; tokens: number[] }[] = [];

beforeAll(async () => {
  description = showingTokens(await describeTiny());
  folder = await mkdtemp(join(tmpdir(), 'vistazo-schedules-'));
  for (const [, { messages, tokens }] of cases) {
    alone.push({ request: requestOf(messages, description, { maxNewTokens: mostTokens }), tokens });
  }
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** One of the caches is so small that blocks are dropped all the time, and one keeps everything. */
function load(random: Random): Promise<Inference> {
  return Inference.load(description, {
    intraOpThreads: 1,
    maxSequences: 1 + random.below(6),
    maxKvBytes: random.chance(0.3) ? 300_000 : 2 ** 30,
    maxPrefixBytes: random.chance(0.5) ? 100_000 : 2 ** 30,
    kvCache: { folder, maxBytes: random.chance(0.5) ? 200_000 : 2 ** 30 },
  });
}

/** Asks one question, and ends it early by chance. Gives what went wrong, if anything. */
async function ask(inference: Inference, random: Random): Promise<string | undefined> {
  const { request, tokens } = random.pick(alone);
  const maxNewTokens = 1 + random.below(mostTokens);
  const scope = { name: random.pick(scopes), isForgotten: false };
  const abort = new AbortController();
  const abortAfter = random.chance(0.3) ? random.below(maxNewTokens + 1) : Number.POSITIVE_INFINITY;
  if (abortAfter === 0) setImmediate(() => abort.abort());
  const options = { ...request.options, maxNewTokens };
  let texts = 0;
  for await (const event of inference.generate({ ...request, options }, abort.signal, scope)) {
    if (event.type === 'text') texts += 1;
    if (texts >= abortAfter) abort.abort();
    if (event.type !== 'end') continue;
    const written = tokensOf(event.text);
    const isWhole = event.finishReason === 'length' && written.length === maxNewTokens;
    const isRight = written.every((token, index) => token === tokens[index]);
    if (isRight && (isWhole || event.finishReason === 'aborted')) return undefined;
    return `${event.finishReason}: ${written} instead of ${tokens.slice(0, maxNewTokens)}`;
  }
  return 'an answer without an end';
}

it(
  `gives the same answers in ${schedules} random schedules of joins, aborts, evictions, forgettings and restarts`,
  async () => {
    const seed = Number(process.env.VISTAZO_SEED ?? Math.floor(Math.random() * 2 ** 32));
    const random = new Random(seed);
    let inference = await load(random);
    try {
      for (let schedule = 1; schedule <= schedules; schedule += 1) {
        const asked = Array.from({ length: 1 + random.below(6) }, async () => {
          for (let turns = random.below(4); turns > 0; turns -= 1) {
            await new Promise((resolve) => setImmediate(resolve));
          }
          if (random.chance(0.15)) await inference.forget(random.pick(scopes));
          return ask(inference, random);
        });
        const faults = (await Promise.all(asked)).filter((fault) => fault !== undefined);
        expect(faults, `schedule ${schedule} of seed ${seed}`).toEqual([]);
        if (random.chance(0.1)) {
          await inference.close();
          inference = await load(random);
        }
      }
    } finally {
      await inference.close();
    }
  },
  timeoutMs,
);
