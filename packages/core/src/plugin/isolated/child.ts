import { toVistazoError, VistazoError } from '../../errors.js';
import type { Plugin } from '../define-plugin.js';
import { register } from '../registration.js';
import { ask, ChildCall, hear, storageOf } from './child-call.js';
import { type ChildHandler, childHandlers } from './child-handlers.js';
import { childLog, childMetrics } from './child-telemetry.js';
import { lockProcess } from './lock-process.js';
import type { FromPlugin, ToPlugin } from './protocol.js';
import { hearBot, sendToBot } from './send-to-bot.js';

/** The process of one isolated plugin: loads its module, and calls what it registered. */
let handlers: readonly ChildHandler[] = [];
let nowMs = Date.now();
const calls = new Map<number, ChildCall>();

function send(message: FromPlugin): void {
  try {
    sendToBot(message);
  } catch (error) {
    // What cannot be copied, such as a function, is the plugin's fault.
    if (message.type !== 'done') throw error;
    const failed = new VistazoError('plugin.failed', String(error)).toJSON();
    sendToBot({ type: 'done', id: message.id, effects: message.effects, error: failed });
  }
}

async function setUp({ module, config }: Extract<ToPlugin, { type: 'setup' }>): Promise<void> {
  try {
    const registration = await register(await load(module, config), {
      announce: async (announcement) => void (await ask({ type: 'announce', announcement })),
      log: childLog(),
      metrics: childMetrics,
      nowMs: () => nowMs,
      storage: storageOf,
    });
    handlers = childHandlers(registration);
    send({ type: 'ready', handlers: handlers.map(({ description }) => description) });
  } catch (error) {
    send({ type: 'failed', error: toVistazoError(error).toJSON() });
  }
}

async function load(module: string, config: unknown): Promise<Plugin> {
  const { default: factory }: { default?: unknown } = await import(module);
  const plugin: unknown = typeof factory === 'function' ? factory(config) : undefined;
  if (isPlugin(plugin)) return plugin;
  throw new VistazoError(
    'plugin.invalid',
    `The default export of ${module} is not what definePlugin gives; an isolated plugin must be it.`,
  );
}

function isPlugin(value: unknown): value is Plugin {
  return typeof value === 'object' && value !== null && 'setup' in value;
}

async function serve({ id, handler, input }: Extract<ToPlugin, { type: 'call' }>): Promise<void> {
  const call = new ChildCall(id);
  calls.set(id, call);
  try {
    const result = await handlers[handler]?.call(input, call);
    send({ type: 'done', id, effects: call.takeEffects(), result });
  } catch (error) {
    const { message } = error instanceof Error ? error : new Error(String(error));
    const failed = error instanceof VistazoError ? error : new VistazoError('internal', message);
    send({ type: 'done', id, effects: call.takeEffects(), error: failed.toJSON() });
  } finally {
    calls.delete(id);
  }
}

lockProcess();
hearBot((message) => {
  if (message.type === 'setup') void setUp(message);
  else if (message.type === 'ping') send({ type: 'pong' });
  else if (message.type === 'told') hear(message);
  else if (message.type === 'abort') calls.get(message.id)?.stop.abort();
  else {
    nowMs = message.nowMs;
    void serve(message);
  }
});
// A terminal sends its interrupt to the whole group; only the main process decides about the end.
process.on('SIGINT', () => {});
