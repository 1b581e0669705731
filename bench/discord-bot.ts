// The bot of discord.ts, in a process of its own: discord-bot.ts API TOKEN DATABASE FILES_HOST. Asked over
// IPC, it says how long its event loop was held since it was asked last.
import { createBot, createLocalModel, openSqliteStore } from '@vistazo/core';
import { createDiscordAdapter } from '@vistazo/discord';
import { nanoModelFolder } from '@vistazo/nano';
import { imageQa } from '@vistazo/plugins';
import { answerToBench } from './bot-process.ts';

const [api = '', token = '', path = '', host = ''] = process.argv.slice(2);
const model = await createLocalModel({ model: nanoModelFolder });
const store = await openSqliteStore({ path });
const bot = createBot({
  model,
  store,
  adapters: [
    createDiscordAdapter({
      token,
      notify: () => {},
      clientOptions: { rest: { api, version: '10' } },
      files: { hosts: [{ host }], allowAddress: (address) => address === '127.0.0.1' },
    }),
  ],
  plugins: [imageQa({})],
  log: { level: 'silent' },
  limits: { perPerson: null, perTenant: null, maxOpenPerPerson: 1000 },
});
await bot.start();
answerToBench(bot, store, model);
