import { createBot, openSqliteStore } from '@vistazo/core';
import { createDiscordAdapter } from '@vistazo/discord';
import { SlowEcho } from '../chaos/slow-echo.ts';

// A bot in a process of its own, to be killed: node kill-worker.ts API TOKEN DATABASE LINK-PREVIEW-MS
const [api = '', token = '', path = '', linkPreviewMs = ''] = process.argv.slice(2);
const bot = createBot({
  model: new SlowEcho(),
  store: await openSqliteStore({ path }),
  adapters: [
    createDiscordAdapter({
      token,
      notify: () => {},
      linkPreviewMs: Number(linkPreviewMs),
      clientOptions: { rest: { api, version: '10' } },
    }),
  ],
  log: { level: 'silent' },
  limits: { leaseMs: 1000, pollMs: 50, perPerson: null, perTenant: null, maxOpenPerPerson: 1000 },
});
await bot.start();
process.stdout.write('ready\n');
