import { describe, expect, it } from 'vitest';
import { databases } from '../store/store-fixture.ts';
import { Caches } from './caches.ts';
import { Conversations } from './conversations.ts';
import { Jobs } from './jobs.ts';
import { tenants } from './marks.ts';
import { PluginValues } from './plugin-values.ts';
import { Random } from './random.ts';

/** A server answers each statement over a socket, which takes longer. */
const operations: Record<string, number> = { SQLite: 100_000, PostgreSQL: 10_000 };
const timeoutMs = 600_000;

/** To repeat a run that failed; it says its own. */
const seed = Number(process.env.TENANTS_SEED ?? Math.floor(Math.random() * 2 ** 32));

describe.each(databases())('tenants of one database in %s', (name, newDatabase) => {
  const count = operations[name] ?? 0;

  it(`find all that is theirs and nothing of each other in ${count} operations`, {
    timeout: timeoutMs,
  }, async () => {
    const store = await (await newDatabase())();
    const random = new Random(seed);
    const conversations = new Conversations(store, random);
    const jobs = new Jobs(store, conversations, random);
    const values = new PluginValues(store, random);
    const caches = new Caches(random);
    // As often as they stand here.
    const parts = [...Array(4).fill(conversations), ...Array(3).fill(jobs), values, caches];
    const forgetting = {
      async step() {
        const tenant = random.pick(tenants);
        await store.forget({ tenant });
        for (const part of [conversations, jobs, values]) part.isForgotten(tenant);
        return 'forget a tenant';
      },
    };
    const done = new Map<string, number>();
    for (let number = 1; number <= count; number += 1) {
      const step = await stepOf(random.chance(1 / 400) ? forgetting : random.pick(parts), number);
      done.set(step, (done.get(step) ?? 0) + 1);
    }
    const seldom = [...done].filter(([, times]) => times < count / 2000);
    expect(seldom).toEqual([]);
    expect(done.size).toBe(48);
  });
});

async function stepOf(part: { step(): Promise<string> }, number: number): Promise<string> {
  try {
    return await part.step();
  } catch (cause) {
    throw new Error(`Operation ${number} of TENANTS_SEED=${seed} failed: ${cause}`, { cause });
  }
}
