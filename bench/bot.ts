// npm run bench:bot [-- --messages 2000]: how fast a bot takes messages and answers them with a model
// that answers at once, in SQLite and in PostgreSQL. Prints a table.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openPostgresStore, openSqliteStore, type Store } from '@vistazo/core';
import { createTestBot, MemoryAdapter } from '@vistazo/core/testing';
import { startPostgres } from '../test/postgres/postgres-server.ts';

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '2000' },
    conversations: { type: 'string', default: '50' },
  },
});
const messages = Number(values.messages);
const conversations = Number(values.conversations);

interface Figures {
  accepted: number;
  answered: number;
  acknowledgedP50Ms: number;
  acknowledgedP99Ms: number;
}

/** All messages come as fast as ten at a time are acknowledged. */
async function measure(store: Store): Promise<Figures> {
  const adapter = new MemoryAdapter({ editMessages: false });
  await using bot = await createTestBot({
    store,
    adapter,
    limits: {
      maxConcurrentAnswers: 16,
      maxConcurrentPerPerson: 16,
      maxOpenPerPerson: messages,
      maxOpenPerTenant: messages,
    },
  });
  const acknowledgedMs: number[] = [];
  let next = 0;
  const startedMs = performance.now();
  const say = async () => {
    for (let number = next++; number < messages; number = next++) {
      const sentMs = performance.now();
      await adapter.say(`Question ${number}`, { conversationKey: `c${number % conversations}` });
      acknowledgedMs.push(performance.now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: 10 }, say));
  const acceptedMs = performance.now() - startedMs;
  await bot.idle();
  const answeredMs = performance.now() - startedMs;
  if (adapter.posts.length !== messages) throw new Error(`${adapter.posts.length} were answered`);
  acknowledgedMs.sort((a, b) => a - b);
  const quantile = (share: number) => acknowledgedMs[Math.floor(share * messages)] ?? Number.NaN;
  return {
    accepted: Math.round((messages / acceptedMs) * 1000),
    answered: Math.round((messages / answeredMs) * 1000),
    acknowledgedP50Ms: quantile(0.5),
    acknowledgedP99Ms: quantile(0.99),
  };
}

const folder = await mkdtemp(join(tmpdir(), 'vistazo-bench-'));
const server = await startPostgres({ isDurable: true });
try {
  console.table({
    SQLite: await measure(await openSqliteStore({ path: join(folder, 'bot.sqlite') })),
    PostgreSQL: await measure(await openPostgresStore({ url: await server.newDatabase() })),
  });
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}
