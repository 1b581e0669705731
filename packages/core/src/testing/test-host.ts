import type { AdapterHost } from '../adapter/adapter.js';
import type { AdapterStorage } from '../adapter/adapter-storage.js';

/**
 * What an adapter asks of the bot, without one: everything is accepted, nothing is known, and what the adapter keeps
 * is kept in memory. `given` takes the place of parts of it.
 */
export function testHost(given: Partial<AdapterHost> = {}): AdapterHost {
  const storages = new Map<string, AdapterStorage>();
  return {
    commands: [],
    model: { id: 'test', runs: 'here', contextLengthTokens: 8192, images: true },
    receive: async () => 'accepted',
    forget: async (tenant, personId) => {
      if (personId === undefined) storages.delete(tenant);
    },
    recentMessages: async () => [],
    knownIn: async () => [],
    openMessages: async () => [],
    tenants: async () => [],
    seenFor: async () => undefined,
    answersTo: async () => [],
    actionsOf: async () => [],
    storage: (tenant) => {
      const known = storages.get(tenant) ?? inMemory();
      storages.set(tenant, known);
      return known;
    },
    ...given,
  };
}

function inMemory(): AdapterStorage {
  const values = new Map<string, unknown>();
  return {
    get: async (key) => values.get(key),
    set: async (key, value) => {
      values.set(key, structuredClone(value));
    },
    delete: async (key) => {
      values.delete(key);
    },
    keys: async (prefix = '') => [...values.keys()].filter((key) => key.startsWith(prefix)).sort(),
  };
}
