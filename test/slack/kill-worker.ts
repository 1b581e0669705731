import { createBot, openSqliteStore } from '@vistazo/core';
import { createSlackAdapter } from '@vistazo/slack';
import { SlowEcho } from '../chaos/slow-echo.ts';

// A bot in a process of its own, to be killed: node kill-worker.ts API BOT-TOKEN APP-TOKEN DATABASE STREAMING
const [slackApiUrl = '', botToken = '', appToken = '', path = '', streaming = ''] =
  process.argv.slice(2);
const bot = createBot({
  model: new SlowEcho(),
  store: await openSqliteStore({ path }),
  adapters: [
    createSlackAdapter({
      botToken,
      appToken,
      slackApiUrl,
      notify: () => {},
      streaming: streaming === 'edits' ? 'edits' : 'native',
    }),
  ],
  log: { level: 'silent' },
  limits: { leaseMs: 1000, pollMs: 50, perPerson: null, perTenant: null, maxOpenPerPerson: 1000 },
});
await bot.start();
process.stdout.write('ready\n');
