import { rm } from 'node:fs/promises';
import { type ForgetRequest, forgetData, VistazoError } from '@vistazo/core';
import type { Command } from 'commander';
import { loadBotConfig } from '../config/bot-config.js';
import {
  kvCacheFolder,
  openExistingStore,
  type StoreFlags,
  withStoreFlags,
} from '../store-flags.js';

interface ForgetFlags extends StoreFlags {
  tenant: string;
  adapter?: string;
  person?: string;
  config?: string;
  json?: boolean;
}

/** `vistazo forget`: all of a tenant, or of a person in it. */
export function addForgetCommand(program: Command): void {
  const command = program
    .command('forget')
    .description('delete all that is kept of a tenant, or of a person in it')
    .requiredOption('--tenant <name>', 'of which tenant, such as a server or workspace')
    .option('--person <id>', "only of this person, by the platform's id")
    .option('--adapter <name>', 'on which platform the person is')
    .option('--config <file>', 'module that says which plugins there are, which keep things too')
    .option('--json', 'print what was forgotten as JSON');
  withStoreFlags(command).action(forget);
}

async function forget(flags: ForgetFlags): Promise<void> {
  const request = requestOf(flags);
  const plugins = flags.config === undefined ? [] : (await loadBotConfig(flags.config)).plugins;
  await using resources = new AsyncDisposableStack();
  const store = await openExistingStore(flags);
  resources.defer(() => store.close());
  const onPluginFault = (_: string, { message }: VistazoError) =>
    void process.stderr.write(`${message}\n`);
  const { messages, left } = await forgetData({ ...request, store, plugins, onPluginFault });
  // It derives from messages of all; whoever needs it works it out anew.
  await rm(kvCacheFolder(flags), { recursive: true, force: true, maxRetries: 5 });
  if (flags.json) {
    process.stdout.write(`${JSON.stringify({ messages, left })}\n`);
    return;
  }
  const lines = [
    `${messages} messages are forgotten.`,
    ...left.map((place) => `Something may be left in ${place}.`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function requestOf({ tenant, adapter, person }: ForgetFlags): ForgetRequest {
  if (person === undefined && adapter === undefined) return { tenant };
  if (person !== undefined && adapter !== undefined)
    return { tenant, person: { adapter, id: person } };
  throw new VistazoError(
    'option.invalid',
    'A person is named by --adapter and --person together; leave out both to forget the tenant.',
  );
}
