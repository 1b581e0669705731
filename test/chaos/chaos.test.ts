import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../core/bot/bot-fixture.ts';
import { type PostgresServer, startPostgres } from '../postgres/postgres-server.ts';
import { runChaos } from './chaos.ts';

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
});

afterAll(() => server?.stop());

// The whole of it is `npm run chaos`.
const some = { messages: 80, kills: 8 };
const allAnsweredOnce = { accepted: 80, answered: 80, lost: 0, twice: 0, crashes: 0 };

describe('bots that are killed at any moment', () => {
  it('answer every message once that they accepted, with SQLite', async () => {
    const path = join(await temporaryFolder(), 'bot.sqlite');
    const database = { type: 'sqlite' as const, path };
    expect(await runChaos({ ...some, database, processes: 1 })).toMatchObject({
      ...allAnsweredOnce,
      kills: 8,
    });
  }, 180_000);

  it('answer every message once that they accepted, several sharing PostgreSQL', async () => {
    const database = { type: 'postgres' as const, url: await server.newDatabase() };
    expect(await runChaos({ ...some, database, processes: 3 })).toMatchObject({
      ...allAnsweredOnce,
      kills: 8,
    });
  }, 180_000);

  it('answer every message once, and go on, when PostgreSQL ends their connections', async () => {
    const database = { type: 'postgres' as const, url: await server.newDatabase() };
    const ended = { messages: 80, kills: 0, terminations: 10, processes: 2 };
    const result = await runChaos({ ...ended, database });
    expect(result).toMatchObject({ ...allAnsweredOnce, kills: 0 });
    expect(result.terminated).toBeGreaterThan(0);
  }, 180_000);
});
