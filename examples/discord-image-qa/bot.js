import { createBot, createLocalModel, openSqliteStore } from '@vistazo/core';
import { createDiscordAdapter } from '@vistazo/discord';
import { nanoModelFolder } from '@vistazo/nano';
import { imageQa } from '@vistazo/plugins';

const discord = createDiscordAdapter({ token: process.env.DISCORD_TOKEN });
const model = await createLocalModel({ model: nanoModelFolder });
const store = await openSqliteStore({ path: 'bot.sqlite' });
const bot = createBot({ model, store, adapters: [discord], plugins: [imageQa({})] });
await bot.start();
