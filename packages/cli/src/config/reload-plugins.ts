import { type Bot, toVistazoError, VistazoError } from '@vistazo/core';
import { interrupted } from '../terminal/interrupt.js';
import type { BotConfig } from './bot-config.js';
import type { BotConfigs } from './bot-configs.js';

/** The config to begin with. Throws what it could not be loaded for. */
export async function firstOf(configs: BotConfigs): Promise<BotConfig> {
  const { value } = await configs.next();
  if (value === undefined) throw interrupted();
  if (value instanceof VistazoError) throw value;
  return value;
}

/**
 * Gives a bot the plugins of each later config, until there are no more; one that could not be loaded
 * is told, and the plugins stay. All else of a bot stays as it was at the start.
 */
export async function reloadPlugins(configs: BotConfigs, bot: Bot): Promise<void> {
  for await (const config of configs) {
    try {
      if (config instanceof VistazoError) throw config;
      await bot.plugins.reload(config.plugins);
      process.stdout.write('The plugins are loaded anew.\n');
    } catch (error) {
      const { message, code } = toVistazoError(error);
      process.stderr.write(`${message} [${code}]\n`);
    }
  }
}
