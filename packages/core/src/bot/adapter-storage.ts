import type { AdapterStorage } from '../adapter/adapter-storage.js';
import type { Store } from '../store/store.js';

/** See `AdapterHost.storage`: kept as those of plugins are, under a name that no plugin can have. @internal */
export function adapterStorage(
  store: Pick<Store, 'pluginStorage'>,
  adapter: string,
  tenant: string,
): AdapterStorage {
  return store.pluginStorage(`adapter:${adapter}`, tenant);
}
