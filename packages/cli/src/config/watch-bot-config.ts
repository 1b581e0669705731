import { existsSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { toVistazoError, type VistazoError } from '@vistazo/core';
import { type BotConfig, loadBotConfig } from './bot-config.js';
import { FolderWatch } from './folder-watch.js';
import { FreshModules } from './fresh-modules.js';

/**
 * The config of a bot, and again whenever a module was changed in its folder or beside one that it
 * imports from there, until the signal is aborted. A change that cannot be loaded gives its fault.
 * Throws what {@link loadBotConfig} throws the first time.
 */
export async function* watchBotConfig(
  file: string,
  signal: AbortSignal,
): AsyncGenerator<BotConfig | VistazoError, void> {
  const given = dirname(resolve(file));
  // Modules are known by their real paths.
  const folder = existsSync(given) ? realpathSync(given) : given;
  using modules = new FreshModules(folder);
  using changes = new FolderWatch();
  const load = async () => {
    changes.add(folder);
    const config = await loadBotConfig(file);
    for (const path of modules.files) changes.add(dirname(path));
    return config;
  };
  yield await load();
  for (;;) {
    const isOver = await changes.next(signal).then(
      () => false,
      () => true,
    );
    if (isOver) return;
    modules.nextRound();
    yield await load().catch(toVistazoError);
  }
}
