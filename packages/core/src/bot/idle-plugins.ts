import { VistazoError } from '../errors.js';
import { systemClock } from '../plugin/clock.js';
import { PluginHost, type PluginHostOptions } from '../plugin/plugin-host.js';
import { Telemetry } from '../telemetry/telemetry.js';
import { parseBotLimits } from './bot-limits.js';

/** Plugins without a bot: they can be set up, and are not started; they announce nothing and log nothing. @internal */
export function idlePlugins(
  options: Pick<PluginHostOptions, 'plugins' | 'storage' | 'report'>,
): PluginHost {
  const telemetry = new Telemetry({ log: { level: 'silent' }, countOpen: async () => 0 });
  return new PluginHost({
    ...options,
    timeoutMs: parseBotLimits({}).pluginTimeoutMs,
    clock: systemClock,
    telemetry: (plugin) => telemetry.ofPlugin(plugin),
    announce: async (plugin) => {
      throw new VistazoError('plugin.failed', `The plugin ${plugin} has no bot to announce with.`);
    },
    claim: async () => false,
  });
}
