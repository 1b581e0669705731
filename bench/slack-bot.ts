// The bot of slack.ts, in a process of its own: slack-bot.ts API BOT_TOKEN APP_TOKEN DATABASE FILES_HOST STREAMING.
// Asked over IPC, it says how long its event loop was held since it was asked last.
import { createBot, createLocalModel, openSqliteStore } from '@vistazo/core';
import { nanoModelFolder } from '@vistazo/nano';
import { imageQa } from '@vistazo/plugins';
import { createSlackAdapter } from '@vistazo/slack';
import { answerToBench } from './bot-process.ts';

const [slackApiUrl = '', botToken = '', appToken = '', path = '', host = '', streaming = ''] =
  process.argv.slice(2);
const model = await createLocalModel({ model: nanoModelFolder });
const store = await openSqliteStore({ path });
const bot = createBot({
  model,
  store,
  adapters: [
    createSlackAdapter({
      botToken,
      appToken,
      slackApiUrl,
      notify: () => {},
      streaming: streaming === 'edits' ? 'edits' : 'native',
      files: { hosts: [{ host }], allowAddress: (address) => address === '127.0.0.1' },
    }),
  ],
  plugins: [imageQa({})],
  log: { level: 'silent' },
  limits: { perPerson: null, perTenant: null, maxOpenPerPerson: 1000, maxOpenPerTenant: 1000 },
});
await bot.start();
answerToBench(bot, store, model);
