import { basename, join } from 'node:path';
import {
  type CommandDescription,
  createBot,
  fetchPicture,
  openSqliteStore,
  type Store,
  VistazoError,
} from '@vistazo/core';
import type { Command } from 'commander';
import { loadBotConfig, usualConfigFile } from '../config/bot-config.js';
import { makeDataFolder } from '../data-folder.js';
import { type ModelFlags, openModel, withModelFlags } from '../model-flags.js';
import { isAddress, pictureArgument } from '../picture-argument.js';
import { parseCall } from '../run/parse-call.js';
import { type CallPicture, TerminalAdapter } from '../run/terminal-adapter.js';
import { interrupted, interruptSignal } from '../terminal/interrupt.js';

interface RunFlags extends ModelFlags {
  config: string;
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
    .option('--data <folder>', 'where the bot keeps its values (default: nowhere)')
    .option('--tenant <name>', 'whose values they are', 'local')
    .allowUnknownOption();
  withModelFlags(command).action(run);
}

async function run(words: string[], flags: RunFlags): Promise<void> {
  const signal = interruptSignal();
  const config = await loadBotConfig(flags.config);
  await using resources = new AsyncDisposableStack();
  const store = await openStore(flags.data);
  resources.defer(() => store.close());
  const model = await openModel(flags, { signal });
  resources.defer(() => model.close());
  const adapter = new TerminalAdapter();
  const faults: VistazoError[] = [];
  const onPluginFault = (_: string, fault: VistazoError) => void faults.push(fault);
  const bot = createBot({ ...config, model, store, onPluginFault, adapters: [adapter] });
  await bot.start();
  resources.defer(() => bot.stop({ drainMs: signal.aborted ? 0 : 10_000 }));
  throwFirst(faults);
  const [name, ...others] = words;
  if (name === undefined) return list(adapter.commands);
  const call = parseCall(commandCalled(adapter.commands, name), others);
  const pictures = await Promise.all(call.pictures.map(readCallPicture));
  const answer = await orInterrupt(
    adapter.call(flags.tenant, { name, options: call.options }, pictures),
    signal,
  );
  process.stdout.write(`${answer}\n`);
  throwFirst(faults);
  await throwFailure(store, flags.tenant);
}

async function openStore(data: string | undefined): Promise<Store> {
  if (data === undefined) return openSqliteStore({ path: ':memory:' });
  await makeDataFolder(data);
  return openSqliteStore({ path: join(data, 'vistazo.sqlite') });
}

function commandCalled(commands: readonly CommandDescription[], name: string): CommandDescription {
  const command = commands.find((each) => each.name === name.replace(/^\//, ''));
  if (command !== undefined) return command;
  const known = commands.map((each) => each.name).join(', ') || 'none';
  throw new VistazoError('option.invalid', `There is no command ${name}; there are ${known}.`);
}

function list(commands: readonly CommandDescription[]): void {
  const lines = commands.flatMap(({ name, description, pictures, options }) => [
    `${[name, ...(pictures === 'none' ? [] : ['[picture...]'])].join(' ')}  ${description}`,
    ...options.map(
      (option) =>
        `    --${option.name}  ${option.description}${option.choices ? `: ${option.choices.join(', ')}` : ''}`,
    ),
  ]);
  process.stdout.write(`${lines.join('\n') || 'The plugins have no commands.'}\n`);
}

async function readCallPicture(argument: string): Promise<CallPicture> {
  const { image } = await pictureArgument(argument);
  const bytes = typeof image === 'string' ? await fetchPicture(image) : image;
  return { bytes, name: isAddress(argument) || argument === '-' ? 'picture' : basename(argument) };
}

async function orInterrupt<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(interrupted());
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  return Promise.race([work, aborted.promise]);
}

function throwFirst([fault]: readonly VistazoError[]): void {
  if (fault !== undefined) throw fault;
}

/** The person was told in a sentence that the model failed; the one who runs it is told the code too. */
async function throwFailure(store: Store, tenant: string): Promise<void> {
  const conversations = store.forTenant(tenant);
  const [latest] = await conversations.listConversations();
  const answer = latest && (await conversations.messagesOf(latest.id)).at(-1);
  if (answer?.error !== undefined) throw VistazoError.fromJSON(answer.error);
}
