import { VistazoError } from '@vistazo/core';
import { type BotConfig, loadBotConfig } from './bot-config.js';
import { watchBotConfig } from './watch-bot-config.js';

/** A config, and each later one, or why it could not be loaded. */
export type BotConfigs = AsyncGenerator<BotConfig | VistazoError, void>;

/** Which file says what bot it is, and whether it is watched. */
export interface ConfigFlags {
  config?: string;
  watch?: boolean;
}

/**
 * The config that the flags name, and with `--watch` each later one or the fault of it; of nothing,
 * where no file is named. Throws `option.invalid`, and what {@link loadBotConfig} throws.
 */
export async function* botConfigs(
  { config: file, watch = false }: ConfigFlags,
  signal: AbortSignal,
): BotConfigs {
  if (file === undefined && watch)
    throw new VistazoError('option.invalid', '--watch needs --config, the file to watch.');
  if (file === undefined) yield { plugins: [], adapters: [] };
  else if (watch) yield* watchBotConfig(file, signal);
  else yield await loadBotConfig(file);
}
