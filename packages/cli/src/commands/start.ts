import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ChatServiceOptions,
  createChatService,
  openSqliteStore,
  VistazoError,
} from '@vistazo/core';
import { startWebServer } from '@vistazo/web';
import type { Command } from 'commander';
import { loadBotConfig } from '../config/bot-config.js';
import { makeDataFolder } from '../data-folder.js';
import { type ModelFlags, openModel, usesEmbeddedModel, withModelFlags } from '../model-flags.js';
import { colours } from '../terminal/colours.js';
import { interruptSignal } from '../terminal/interrupt.js';

interface StartFlags extends ModelFlags {
  config?: string;
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
    .option('--config <file>', 'module that says what bot it is');
  withModelFlags(command).action(start);
}

async function start(flags: StartFlags): Promise<void> {
  const signal = interruptSignal();
  const port = parsePort(flags.port);
  const secret = await readSecret(flags.secretFile);
  const config = await pageConfig(flags);
  await makeDataFolder(flags.data);
  await using resources = new AsyncDisposableStack();
  const store = await openSqliteStore({ path: join(flags.data, 'vistazo.sqlite') });
  resources.defer(() => store.close());
  const model = await openModel(flags, { signal });
  resources.defer(() => model.close());
  const service = await createChatService({
    model,
    store,
    ...config,
  });
  resources.defer(() => service.close());
  const server = await startWebServer({
    service,
    model: model.info,
    host: flags.host,
    port,
    ...(secret !== undefined && { secret }),
    ...(usesEmbeddedModel(flags) && { switchModelTo: photographModelId }),
  });
  resources.defer(() => server.close());
  process.stdout.write(
    welcome(server.url, `${model.info.id} (${model.info.variant})`, usesEmbeddedModel(flags)),
  );
  await aborted(signal);
}

/** Of a config file, what the chat page heeds; what it does not is named on standard error. */
async function pageConfig({
  config: file,
  system,
}: StartFlags): Promise<Pick<ChatServiceOptions, 'systemMessage' | 'generation'>> {
  const { systemMessage, generation, ...unheeded } =
    file === undefined ? { plugins: [] } : await loadBotConfig(file);
  const names = Object.entries(unheeded).flatMap(([name, value]) =>
    Array.isArray(value) && value.length === 0 ? [] : name,
  );
  if (names.length > 0)
    process.stderr.write(
      `The chat page does not heed ${names.join(', ')} of ${file} yet; vistazo run does.\n`,
    );
  const said = system ?? systemMessage;
  return {
    ...(said !== undefined && { systemMessage: said }),
    ...(generation !== undefined && { generation }),
  };
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
