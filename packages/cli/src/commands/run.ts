import { join } from 'node:path';
import { openSqliteStore, type Store, toVistazoError, VistazoError } from '@vistazo/core';
import type { Command } from 'commander';
import { type BotConfig, usualConfigFile } from '../config/bot-config.js';
import { botConfigs } from '../config/bot-configs.js';
import { makeDataFolder } from '../data-folder.js';
import { type ModelFlags, openModel, withModelFlags } from '../model-flags.js';
import { TerminalBot } from '../run/terminal-bot.js';
import { interruptSignal } from '../terminal/interrupt.js';

interface RunFlags extends ModelFlags {
  config: string;
  watch?: boolean;
  data?: string;
  tenant: string;
}

/** `vistazo run COMMAND PICTURE… --option value`: one command of a plugin, in the terminal. */
export function addRunCommand(program: Command): void {
  const command = program
    .command('run')
    .description('run a command of a plugin; without one, list them')
    .argument('[words...]', 'the command, then its pictures and its options')
    .option('--config <file>', 'module that says which plugins there are', usualConfigFile)
    .option('--watch', 'run it again whenever the file, or one that it imports, is changed')
    .option('--data <folder>', 'where the bot keeps its values (default: nowhere)')
    .option('--tenant <name>', 'whose values they are', 'local')
    .allowUnknownOption();
  withModelFlags(command).action(run);
}

async function run(words: string[], flags: RunFlags): Promise<void> {
  const signal = interruptSignal();
  let terminal: TerminalBot | undefined;
  await using resources = new AsyncDisposableStack();
  for await (const config of botConfigs(flags, signal)) {
    try {
      if (config instanceof VistazoError) throw config;
      if (terminal === undefined) terminal = await open(config, flags, resources, signal);
      else await terminal.reload(config);
      const { text, fault } = await terminal.run(words);
      process.stdout.write(`${text}\n`);
      if (fault !== undefined) throw fault;
    } catch (error) {
      if (!flags.watch || signal.aborted) throw error;
      const { message, code } = toVistazoError(error);
      process.stderr.write(`${message} [${code}]\n`);
    }
  }
}

/** A bot in the terminal, closed with its model and store by `resources`. */
async function open(
  config: BotConfig,
  flags: RunFlags,
  resources: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<TerminalBot> {
  const store = await openStore(flags.data);
  resources.defer(() => store.close());
  const model = await openModel(flags, { signal });
  resources.defer(() => model.close());
  const bot = new TerminalBot(config, { store, model, tenant: flags.tenant, signal });
  resources.defer(() => bot.stop());
  await bot.start();
  return bot;
}

async function openStore(data: string | undefined): Promise<Store> {
  if (data === undefined) return openSqliteStore({ path: ':memory:' });
  await makeDataFolder(data);
  return openSqliteStore({ path: join(data, 'vistazo.sqlite') });
}
