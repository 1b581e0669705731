// npm run bench:fair [-- --seconds 20]: how much longer people wait when one of their tenant floods the
// bot, with the usual limits and without rates; in SQLite and in PostgreSQL. Prints JSON.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type BotLimits, openPostgresStore, openSqliteStore, type Store } from '@vistazo/core';
import { createTestBot, MemoryAdapter, ScriptedModel } from '@vistazo/core/testing';
import { startPostgres } from '../test/postgres/postgres-server.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '20' } } });
const durationMs = 1000 * Number(values.seconds);

const answerMs = 200;
const people = 8;
/** Between an answer and the next question of the same person. */
const thinkMs = 1500;

/** Every answer takes as long. */
class SteadyModel extends ScriptedModel {
  override async *generate(...given: Parameters<ScriptedModel['generate']>) {
    this.say({ pieces: ['It is', ' red.'], gate: () => wait(answerMs) });
    yield* super.generate(...given);
  }
}

/** From question to whole answer, of each question of the polite people. */
async function waits(store: Store, limits: BotLimits, isFlooded: boolean): Promise<number[]> {
  const adapter = new MemoryAdapter({ editMessages: false });
  await using _bot = await createTestBot({ store, adapter, model: new SteadyModel(), limits });
  const endMs = performance.now() + durationMs;
  const measured: number[] = [];
  let flooded = 0;
  const flood = async () => {
    while (performance.now() < endMs) {
      const conversationKey = `flood ${flooded++ % 50}`;
      await adapter.say('Me!', { conversationKey, author: { id: 'flooder', name: 'Flo' } });
      await wait(2);
    }
  };
  const ask = async (person: number) => {
    await wait((thinkMs * person) / people);
    while (performance.now() < endMs) {
      const askedMs = performance.now();
      const { messageId } = await adapter.say('Which colour?', {
        conversationKey: `talk ${person}`,
        author: { id: `person ${person}`, name: 'Pat' },
      });
      await adapter.answerTo(messageId, (text) => text.endsWith('red.'));
      measured.push(performance.now() - askedMs);
      await wait(thinkMs);
    }
  };
  const asking = Array.from({ length: people }, (_, person) => ask(person));
  await Promise.all(isFlooded ? [...asking, flood()] : asking);
  return measured;
}

const p95 = (measured: number[]) =>
  measured.toSorted((a, b) => a - b)[Math.floor(0.95 * measured.length)] ?? Number.NaN;

async function compare(open: () => Promise<Store>, limits: BotLimits) {
  const alone = await waits(await open(), limits, false);
  const flooded = await waits(await open(), limits, true);
  const [aloneP95Ms, floodedP95Ms] = [p95(alone), p95(flooded)];
  return {
    questions: [alone.length, flooded.length],
    aloneP95Ms: Math.round(aloneP95Ms),
    floodedP95Ms: Math.round(floodedP95Ms),
    ratio: Number((floodedP95Ms / aloneP95Ms).toFixed(2)),
  };
}

const folder = await mkdtemp(join(tmpdir(), 'vistazo-bench-'));
const server = await startPostgres({ isDurable: true });
try {
  let databases = 0;
  const openSqlite = () => openSqliteStore({ path: join(folder, `${databases++}.sqlite`) });
  const openPostgres = async () => openPostgresStore({ url: await server.newDatabase() });
  const usual: BotLimits = {
    perPerson: { burst: 20, perMinute: 30 },
    perTenant: { burst: 200, perMinute: 600 },
  };
  const unlimited: BotLimits = { perPerson: null, perTenant: null };
  for (const [store, open] of [
    ['sqlite', openSqlite],
    ['postgres', openPostgres],
  ] as const)
    for (const [limits, given] of [
      ['usual', usual],
      ['without rates', unlimited],
    ] as const)
      console.log(JSON.stringify({ store, limits, ...(await compare(open, given)) }));
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}
