import type { Kysely } from 'kysely';
import { VistazoError } from '../../errors.js';
import type { PluginStorage } from '../plugin-storage.js';
import type { DatabaseKind } from './database-kind.js';
import { GuardedDatabase } from './guarded-database.js';
import type { Database } from './schema.js';

const maxKeyLength = 500;
const maxValueLength = 2 ** 20;

/** @internal */
export class KyselyPluginStorage extends GuardedDatabase implements PluginStorage {
  constructor(
    db: Kysely<Database>,
    kind: DatabaseKind,
    private readonly plugin: string,
    private readonly tenant: string,
  ) {
    super(db, kind);
  }

  get(key: string): Promise<unknown> {
    return this.guarded(async (db) => {
      const row = await db
        .selectFrom('plugin_values')
        .select('value')
        .where('plugin', '=', this.plugin)
        .where('tenant', '=', this.tenant)
        .where('key', '=', key)
        .executeTakeFirst();
      return row === undefined ? undefined : JSON.parse(row.value);
    });
  }

  set(key: string, value: unknown): Promise<void> {
    return this.guarded(async (db) => {
      const json = checkedJson(this.plugin, key, value);
      await db
        .insertInto('plugin_values')
        .values({ plugin: this.plugin, tenant: this.tenant, key, value: json })
        .onConflict((conflict) =>
          conflict.columns(['plugin', 'tenant', 'key']).doUpdateSet({ value: json }),
        )
        .execute();
    });
  }

  add(key: string, value: unknown): Promise<boolean> {
    return this.inTransaction(async (db) => {
      const json = checkedJson(this.plugin, key, value);
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('plugin_values')
        .values({ plugin: this.plugin, tenant: this.tenant, key, value: json })
        .onConflict((conflict) => conflict.columns(['plugin', 'tenant', 'key']).doNothing())
        .executeTakeFirst();
      return numInsertedOrUpdatedRows === 1n;
    });
  }

  delete(key: string): Promise<void> {
    return this.guarded(async (db) => {
      await db
        .deleteFrom('plugin_values')
        .where('plugin', '=', this.plugin)
        .where('tenant', '=', this.tenant)
        .where('key', '=', key)
        .execute();
    });
  }

  keys(prefix = ''): Promise<string[]> {
    return this.guarded(async (db) => {
      const rows = await db
        .selectFrom('plugin_values')
        .select('key')
        .where('plugin', '=', this.plugin)
        .where('tenant', '=', this.tenant)
        .execute();
      const keys = rows.map(({ key }) => key).filter((key) => key.startsWith(prefix));
      return keys.sort();
    });
  }
}

function checkedJson(plugin: string, key: string, value: unknown): string {
  const json = jsonOf(value);
  if (json === undefined) throw notStored(plugin, 'the value cannot be written as JSON');
  if (key === '' || key.length > maxKeyLength)
    throw notStored(
      plugin,
      `the key has ${key.length} characters; 1 to ${maxKeyLength} are allowed`,
    );
  if (json.length > maxValueLength)
    throw notStored(
      plugin,
      `the value has ${json.length} characters; at most ${maxValueLength} are allowed`,
    );
  return json;
}

function notStored(plugin: string, fault: string): VistazoError {
  return new VistazoError('option.invalid', `What ${plugin} keeps cannot be stored: ${fault}.`);
}

/** Undefined for what JSON cannot say, such as functions, BigInt and circles. */
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
