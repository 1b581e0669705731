import { createBot, createLocalModel, openSqliteStore, VistazoError } from '@vistazo/core';
import { nanoModelFolder } from '@vistazo/nano';

try {
  const { default: config } = await import('./bot.config.js');
  const model = await createLocalModel({ model: nanoModelFolder });
  const store = await openSqliteStore({ path: 'bot.sqlite' });
  const bot = createBot({ ...config, model, store });
  await bot.start();
} catch (error) {
  if (!(error instanceof VistazoError)) throw error;
  // What is lacking or wrong, in a sentence.
  console.error(error.message);
  process.exit(1);
}
