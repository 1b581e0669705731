import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Bot,
  type ChatServiceOptions,
  createBot,
  createChatService,
  openSqliteStore,
  type Store,
  type VisionLanguageModel,
  VistazoError,
} from '@vistazo/core';
import { startWebServer } from '@vistazo/web';
import type { Command } from 'commander';
import type { BotConfig } from '../config/bot-config.js';
import { botConfigs, type ConfigFlags } from '../config/bot-configs.js';
import { firstOf, reloadPlugins } from '../config/reload-plugins.js';
import { makeDataFolder } from '../data-folder.js';
import { type ModelFlags, openModel, usesEmbeddedModel, withModelFlags } from '../model-flags.js';
import { colours } from '../terminal/colours.js';
import { interruptSignal } from '../terminal/interrupt.js';

interface StartFlags extends ModelFlags, ConfigFlags {
  host: string;
  port: string;
  data: string;
  secretFile?: string;
  system?: string;
}

/** The hub id that the embedded model's notes point to for photographs. */
const photographModelId = 'HuggingFaceTB/SmolVLM-256M-Instruct';

/** `vistazo start`: the chat page. */
export function addStartCommand(program: Command): void {
  const command = program
    .command('start')
    .description('serve the chat page')
    .option(
      '--host <address>',
      'address to listen on; anything but loopback needs a secret',
      '127.0.0.1',
    )
    .option('--port <number>', 'port to listen on, 0 for any free one', '8787')
    .option('--data <folder>', 'where conversations and pictures are kept', '.vistazo')
    .option('--secret-file <path>', 'file with the secret to log in with (or set VISTAZO_SECRET)')
    .option('--system <text>', 'a system message for new conversations')
    .option('--config <file>', 'module that says what bot it is')
    .option(
      '--watch',
      'load its plugins anew whenever the file, or one that it imports, is changed',
    );
  withModelFlags(command).action(start);
}

async function start(flags: StartFlags): Promise<void> {
  const signal = interruptSignal();
  const port = parsePort(flags.port);
  const secret = await readSecret(flags.secretFile);
  await using resources = new AsyncDisposableStack();
  const configs = botConfigs(flags, signal);
  resources.defer(async () => void (await configs.return()));
  const config = withSystemMessage(await firstOf(configs), flags.system);
  await makeDataFolder(flags.data);
  const store = await openSqliteStore({ path: join(flags.data, 'vistazo.sqlite') });
  resources.defer(() => store.close());
  const model = await openModel(flags, { signal });
  resources.defer(() => model.close());
  const service = await createChatService({
    model,
    store,
    ...pageOptions(config, flags.config),
  });
  resources.defer(() => service.close());
  const bot = await startBot(config, store, model);
  resources.defer(async () => bot?.stop());
  const server = await startWebServer({
    service,
    model: model.info,
    host: flags.host,
    port,
    ...(secret !== undefined && { secret }),
    ...(bot !== undefined && { operations: bot.fetch }),
    ...(usesEmbeddedModel(flags) && { switchModelTo: photographModelId }),
  });
  resources.defer(() => server.close());
  process.stdout.write(
    welcome(server.url, `${model.info.id} (${model.info.variant})`, usesEmbeddedModel(flags)),
  );
  await reloadPlugins(configs, bot);
  await aborted(signal);
}

function withSystemMessage(config: BotConfig, systemMessage: string | undefined): BotConfig {
  return systemMessage === undefined ? config : { ...config, systemMessage };
}

/** What the chat page heeds of a config; that it runs no plugins is said on standard error. */
function pageOptions(
  { systemMessage, generation, plugins }: BotConfig,
  file: string | undefined,
): Pick<ChatServiceOptions, 'systemMessage' | 'generation'> {
  if (plugins.length > 0)
    process.stderr.write(
      `The chat page does not run the plugins of ${file} yet; its adapters and vistazo run do.\n`,
    );
  return {
    ...(systemMessage !== undefined && { systemMessage }),
    ...(generation !== undefined && { generation }),
  };
}

/** The bot on the platforms of a config; undefined where there are none. */
async function startBot(
  config: BotConfig,
  store: Store,
  model: VisionLanguageModel,
): Promise<Bot | undefined> {
  if (config.adapters.length === 0) return undefined;
  const bot = createBot({ ...config, store, model });
  await bot.start();
  return bot;
}

function welcome(url: string, model: string, embedded: boolean): string {
  const lines = [`Vistazo is at ${colours.bold(url)}`, `${model} answers.`];
  if (embedded) {
    lines.push(
      'This small embedded model knows shapes, charts, dialogs and short texts; it is no substitute for SmolVLM on photographs.',
      `To switch: --model ${photographModelId}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new VistazoError(
    'option.invalid',
    `--port ${text} is not a port; use a number from 0 to 65535.`,
  );
}

async function readSecret(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return process.env.VISTAZO_SECRET || undefined;
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    throw new VistazoError(
      'file.unreadable',
      `The secret file ${path} cannot be read; check --secret-file.`,
      {
        cause,
      },
    );
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
}
