import inspector from 'node:inspector';
import { VistazoError } from '../../errors.js';

function ignore(): void {}

/**
 * Keeps an isolated plugin from this process: SIGUSR1, which any process of the same user may send, opens no inspector
 * any more. Throws `plugin.failed` while one is open, through which the plugin could do everything. @internal
 */
export function closeInspector(plugin: string): void {
  if (inspector.url() !== undefined)
    throw new VistazoError(
      'plugin.failed',
      `The isolated plugin ${plugin} is not started while the inspector of the bot is open, through which it could do everything. Start the bot without --inspect, or the plugin without isolated.`,
    );
  // A listener takes the place of Node's own. It stays: without it the signal would end the process.
  if (!process.listeners('SIGUSR1').includes(ignore)) process.on('SIGUSR1', ignore);
}
