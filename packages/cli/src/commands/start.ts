import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type BotLimits,
  createBot,
  createChatPlatform,
  MediaProcess,
  openSqliteStore,
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
  const bot = createBot({
    log: { level: 'warn' },
    // It was not trained to take instructions.
    ...(isEmbedded && { dataRule: null }),
    ...config,
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
    host: flags.host,
    port,
    ...(secret !== undefined && { secret }),
    ...(isEmbedded && { switchModelTo: photographModelId }),
  });
  resources.defer(() => server.close());
  process.stdout.write(welcome(server.url, `${model.info.id} (${model.info.variant})`, isEmbedded));
  await reloadPlugins(configs, bot);
  await aborted(signal);
}

function withSystemMessage(config: BotConfig, systemMessage: string | undefined): BotConfig {
  return systemMessage === undefined ? config : { ...config, systemMessage };
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
