// npm run bench:ack [-- --messages 200]: how soon messages with pictures are acknowledged while the
// embedded model answers others as fast as it can; in SQLite and in PostgreSQL. Prints JSON.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createLocalModel, openPostgresStore, openSqliteStore, type Store } from '@vistazo/core';
import { createTestBot, MemoryAdapter } from '@vistazo/core/testing';
import { nanoModelFolder } from '@vistazo/nano';
import sharp from 'sharp';
import { startPostgres } from '../test/postgres/postgres-server.ts';

const { values } = parseArgs({ options: { messages: { type: 'string', default: '200' } } });
const messages = Number(values.messages);
/** Between two messages: far more than the model can answer, so that it is never idle. */
const intervalMs = 50;

/** A photograph's worth of bytes. */
const picture = await sharp({
  create: {
    width: 1600,
    height: 1200,
    channels: 3,
    background: 'red',
    noise: { type: 'gaussian', mean: 128, sigma: 40 },
  },
})
  .jpeg()
  .toBuffer();

async function measure(store: Store) {
  const model = await createLocalModel({ model: nanoModelFolder });
  try {
    const adapter = new MemoryAdapter();
    await using bot = await createTestBot({
      store,
      adapter,
      model,
      limits: { maxOpenPerPerson: messages, maxOpenPerTenant: messages },
    });
    const acknowledgedMs: number[] = [];
    let isUnderWay = true;
    const watching = countBusy(
      () => isUnderWay,
      async () => (await bot.store.jobs.countOpen()) > 0,
    );
    for (let number = 0; number < messages; number++) {
      const sentMs = performance.now();
      await adapter.say('What color is it?', {
        conversationKey: `c${number % 20}`,
        author: { id: `p${number % 10}`, name: 'Pat' },
        pictures: [picture],
      });
      acknowledgedMs.push(performance.now() - sentMs);
      await wait(intervalMs);
    }
    isUnderWay = false;
    acknowledgedMs.sort((a, b) => a - b);
    const quantile = (share: number) =>
      Math.round(acknowledgedMs[Math.floor(share * messages)] ?? Number.NaN);
    const answered = messages - (await bot.store.jobs.countOpen());
    const busyShare = await watching;
    return { messages, answered, busyShare, p50Ms: quantile(0.5), p99Ms: quantile(0.99) };
  } finally {
    await model.close();
  }
}

/** The share of looks at which messages waited. */
async function countBusy(isUnderWay: () => boolean, isBusy: () => Promise<boolean>) {
  let looks = 0;
  let busy = 0;
  while (isUnderWay()) {
    looks += 1;
    if (await isBusy()) busy += 1;
    await wait(200);
  }
  return Number((busy / looks).toFixed(2));
}

const folder = await mkdtemp(join(tmpdir(), 'vistazo-bench-'));
const server = await startPostgres({ isDurable: true });
try {
  const sqlite = await openSqliteStore({ path: join(folder, 'bot.sqlite') });
  console.log(JSON.stringify({ store: 'sqlite', ...(await measure(sqlite)) }));
  const postgres = await openPostgresStore({ url: await server.newDatabase() });
  console.log(JSON.stringify({ store: 'postgres', ...(await measure(postgres)) }));
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}
