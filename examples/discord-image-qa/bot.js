import { createBot, createLocalModel, openSqliteStore, VistazoError } from '@vistazo/core';
import { createDiscordAdapter } from '@vistazo/discord';
import { nanoModelFolder } from '@vistazo/nano';
import { imageQa } from '@vistazo/plugins';

try {
  const discord = createDiscordAdapter({ token: process.env.DISCORD_TOKEN });
  const model = await createLocalModel({ model: nanoModelFolder });
  const store = await openSqliteStore({ path: 'bot.sqlite' });
  const bot = createBot({ model, store, adapters: [discord], plugins: [imageQa({})] });
  await bot.start();
} catch (error) {
  if (!(error instanceof VistazoError)) throw error;
  // What is lacking or wrong, in a sentence.
  console.error(error.message);
  process.exit(1);
}
