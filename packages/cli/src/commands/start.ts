import { readFile } from 'node:fs/promises';
import {
  type BotLimits,
  createBot,
  createChatPlatform,
  defaultKeepDays,
  MediaProcess,
  VistazoError,
} from '@vistazo/core';
import { startWebServer } from '@vistazo/web';
import type { Command } from 'commander';
import type { BotConfig } from '../config/bot-config.js';
import { botConfigs, type ConfigFlags } from '../config/bot-configs.js';
import { firstOf, reloadPlugins } from '../config/reload-plugins.js';
import {
  type ModelFlags,
  openModel,
  photographModelId,
  usesEmbeddedModel,
  withModelFlags,
} from '../model-flags.js';
import { kvCacheFolder, openStore, type StoreFlags, withStoreFlags } from '../store-flags.js';
import { colours } from '../terminal/colours.js';
import { interruptSignal } from '../terminal/interrupt.js';

interface StartFlags extends ModelFlags, ConfigFlags, StoreFlags {
  host: string;
  port: string;
  secretFile?: string;
  system?: string;
  keepDays?: string;
  kvCache?: boolean;
}

/** Who reaches the page is trusted with it, and all of them are one person to the bot. */
const pageLimits: BotLimits = {
  perPerson: null,
  perTenant: null,
  maxConcurrentAnswers: 4,
  maxConcurrentPerPerson: 4,
  maxOpenPerPerson: 100,
};

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
    .option('--secret-file <path>', 'file with the secret to log in with (or set VISTAZO_SECRET)')
    .option('--system <text>', 'a system message for new conversations')
    .option('--keep-days <days>', 'how long conversations are kept, or `forever` (default: 30)')
    .option('--config <file>', 'module that says what bot it is')
    .option(
      '--watch',
      'load its plugins anew whenever the file, or one that it imports, is changed',
    );
  command.option(
    '--kv-cache',
    'keep what the model has read across restarts, up to 2 GiB in the data folder; it derives from messages and pictures',
  );
  withModelFlags(withStoreFlags(command)).action(start);
}

async function start(flags: StartFlags): Promise<void> {
  const signal = interruptSignal();
  const port = parsePort(flags.port);
  const secret = await readSecret(flags.secretFile);
  await using resources = new AsyncDisposableStack();
  const configs = botConfigs(flags, signal);
  resources.defer(async () => void (await configs.return()));
  const config = withFlags(await firstOf(configs), flags);
  const store = await openStore(flags);
  resources.defer(() => store.close());
  const model = await openModel(flags, {
    signal,
    // An answer soon is worth more in a chat than every detail.
    tileBudget: 'auto',
    ...(flags.kvCache && { kvCacheFolder: kvCacheFolder(flags) }),
  });
  resources.defer(() => model.close());
  const media = new MediaProcess();
  resources.defer(() => media.close());
  const { systemMessage } = config;
  const page = createChatPlatform({
    model: model.info,
    store,
    media,
    name: 'web',
    ...(systemMessage !== undefined && { systemMessage }),
  });
  const isEmbedded = usesEmbeddedModel(flags);
  const log = config.log ?? { level: 'warn' };
  const bot = createBot({
    // It was not trained to take instructions.
    ...(isEmbedded && { dataRule: null }),
    ...config,
    log,
    model,
    store,
    media: page.media,
    adapters: [page.adapter, ...config.adapters],
    limits: { ...(config.adapters.length === 0 && pageLimits), ...config.limits },
  });
  await bot.start();
  // What is not answered by then is answered by the next start.
  resources.defer(() => bot.stop({ drainMs: 0 }));
  const server = await startWebServer({
    service: page.service,
    model: model.info,
    operations: bot.fetch,
    log,
    host: flags.host,
    port,
    ...(secret !== undefined && { secret }),
    isEmbedded,
  });
  resources.defer(() => server.close());
  const { keepDays = defaultKeepDays } = config;
  const name = `${model.info.id} (${model.info.variant})`;
  process.stdout.write(welcome(server.url, name, keepDays, isEmbedded));
  await reloadPlugins(configs, bot);
  await aborted(signal);
}

function withFlags(config: BotConfig, { system, keepDays }: StartFlags): BotConfig {
  return {
    ...config,
    ...(system !== undefined && { systemMessage: system }),
    ...(keepDays !== undefined && { keepDays: parseKeepDays(keepDays) }),
  };
}

function parseKeepDays(text: string): number | null {
  if (text === 'forever') return null;
  const days = Number(text);
  if (text.trim() !== '' && Number.isFinite(days) && days > 0) return days;
  throw new VistazoError(
    'option.invalid',
    `--keep-days ${text} is not how long; use a number of days above 0, or forever.`,
  );
}

function welcome(url: string, model: string, keepDays: number | null, embedded: boolean): string {
  const kept = keepDays === null ? 'for ever' : `for ${keepDays} days (--keep-days says how long)`;
  const lines = [
    `Vistazo is at ${colours.bold(url)}`,
    `${model} answers. Conversations are kept ${kept}.`,
  ];
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
