import { VistazoError } from '../errors.js';
import type { Plugin } from '../plugin/define-plugin.js';
import type { PluginHost } from '../plugin/plugin-host.js';
import type { ReportFault } from '../plugin/run-middleware.js';
import type { ForgetRequest, Forgotten } from '../store/forgetting.js';
import type { Store } from '../store/store.js';
import { idlePlugins } from './idle-plugins.js';

/** Options of {@link forgetData}. */
export interface ForgetDataOptions extends ForgetRequest {
  store: Store;
  /** Those of the bot, which keep something of people. Default none. */
  plugins?: readonly Plugin[];
  /** Told why a plugin could not forget. */
  onPluginFault?: ReportFault;
}

/**
 * Forgets all of a tenant, or of a person in it, without a bot: plugins are set up, and not started. Bots
 * on the same database drop what they have in memory. The disk is overwritten before it resolves; `left` is
 * where something may still be on it, in words for operators. Throws `plugin.failed` when a plugin could not
 * forget; all else is forgotten then.
 */
export async function forgetData({
  store,
  plugins = [],
  onPluginFault = () => {},
  ...request
}: ForgetDataOptions): Promise<Forgotten & { left: string[] }> {
  const host = idlePlugins({
    plugins,
    storage: (plugin, tenant) => store.pluginStorage(plugin, tenant),
    report: onPluginFault,
  });
  await host.setUp();
  try {
    const forgotten = await forgetIn({ store, plugins: host }, request);
    return { ...forgotten, left: await store.overwriteDeleted() };
  } finally {
    await host.stop();
  }
}

/** In the store and in what plugins keep. @internal */
export async function forgetIn(
  { store, plugins }: { store: Store; plugins: PluginHost },
  request: ForgetRequest,
): Promise<Forgotten> {
  const { tenant, person } = request;
  const failed = await plugins.forget(
    person === undefined ? { tenant, reason: 'tenant' } : { tenant, reason: 'person', person },
  );
  const forgotten = await store.forget(request);
  if (failed.length === 0) return forgotten;
  throw new VistazoError(
    'plugin.failed',
    `All was forgotten, but for what these plugins keep: ${failed.join(', ')}. Mend them, and forget again.`,
  );
}
