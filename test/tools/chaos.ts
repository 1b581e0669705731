// Kills bots while messages come in, and counts what became of the messages:
// npm run chaos -- --store sqlite|postgres --kills 200 --messages 2000. With --terminations 100 connections to
// PostgreSQL are ended instead, or besides where --kills is given too. The last line is JSON; exits 1 when a message
// was lost or answered twice, or a process ended by itself.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runChaos } from '../chaos/chaos.ts';
import type { Database } from '../chaos/protocol.ts';
import { startPostgres } from '../postgres/postgres-server.ts';

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'sqlite' },
    kills: { type: 'string' },
    terminations: { type: 'string', default: '0' },
    messages: { type: 'string', default: '2000' },
    processes: { type: 'string', default: '3' },
  },
});
if (values.store !== 'sqlite' && values.store !== 'postgres') {
  console.error(`--store is sqlite or postgres, not ${values.store}.`);
  process.exit(2);
}

const terminations = Number(values.terminations);
if (!Number.isInteger(terminations) || terminations < 0) {
  console.error(`--terminations is a whole number from 0, not ${values.terminations}.`);
  process.exit(2);
}
if (terminations > 0 && values.store !== 'postgres') {
  console.error('--terminations needs --store postgres: SQLite has no connections to end.');
  process.exit(2);
}

const folder = await mkdtemp(join(tmpdir(), 'vistazo-chaos-'));
const server = values.store === 'postgres' ? await startPostgres() : undefined;
try {
  const database: Database =
    server === undefined
      ? { type: 'sqlite', path: join(folder, 'bot.sqlite') }
      : { type: 'postgres', url: await server.newDatabase() };
  const result = await runChaos({
    database,
    // A SQLite file is locked by the process that uses it.
    processes: server === undefined ? 1 : Number(values.processes),
    messages: Number(values.messages),
    kills: Number(values.kills ?? (terminations > 0 ? 0 : 200)),
    terminations,
  });
  console.log(JSON.stringify(result));
  if (result.lost + result.twice + result.crashes > 0 || result.accepted < Number(values.messages))
    process.exitCode = 1;
} finally {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
}
