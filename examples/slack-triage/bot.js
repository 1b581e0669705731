import { createBot, createLocalModel, openSqliteStore } from '@vistazo/core';
import { nanoModelFolder } from '@vistazo/nano';
import config from './bot.config.js';

const model = await createLocalModel({ model: nanoModelFolder });
const store = await openSqliteStore({ path: 'bot.sqlite' });
const bot = createBot({ ...config, model, store });
await bot.start();
