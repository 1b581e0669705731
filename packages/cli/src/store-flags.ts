import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openPostgresStore, openSqliteStore, type Store, VistazoError } from '@vistazo/core';
import type { Command } from 'commander';
import { makeDataFolder } from './data-folder.js';

/** Where a bot keeps everything. */
export interface StoreFlags {
  data: string;
  database?: string;
}

/** Environment variable of the address, which has a secret in it. */
const databaseVariable = 'VISTAZO_DATABASE';

/** Adds `--data` and `--database`. */
export function withStoreFlags(command: Command): Command {
  return command
    .option('--data <folder>', 'where conversations and pictures are kept', '.vistazo')
    .option(
      '--database <address>',
      `a PostgreSQL database to keep them in instead (or set ${databaseVariable})`,
    );
}

/** Opens the store, which is made where it is not there. Throws `store.failed` and `file.unreadable`. */
export async function openStore(
  { data, database = process.env[databaseVariable] }: StoreFlags,
  tenant?: string,
): Promise<Store> {
  const whose = tenant === undefined ? {} : { tenant };
  if (database) return openPostgresStore({ url: checkedAddress(database), ...whose });
  await makeDataFolder(data);
  return openSqliteStore({ path: pathIn(data), ...whose });
}

/** The same, where there is one. */
export async function openExistingStore(flags: StoreFlags, tenant?: string): Promise<Store> {
  const { data, database = process.env[databaseVariable] } = flags;
  if (database || existsSync(pathIn(data))) return openStore(flags, tenant);
  throw new VistazoError(
    'file.unreadable',
    `${pathIn(data)} is not there; say with --data where the conversations are kept.`,
  );
}

/** Where a local model keeps what it has read, when it is told to. */
export function kvCacheFolder({ data }: Pick<StoreFlags, 'data'>): string {
  return join(data, 'kv-cache');
}

const pathIn = (data: string) => join(data, 'vistazo.sqlite');

function checkedAddress(address: string): string {
  if (/^postgres(ql)?:\/\//.test(address)) return address;
  // It is not shown, since there may be a secret in it.
  throw new VistazoError(
    'option.invalid',
    `The address of the database is none that is known; it begins with postgresql://.`,
  );
}
