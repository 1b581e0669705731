import { definePlugin, type Plugin, type PluginContext, type VistazoError } from '@vistazo/core';
import { createTestBot, MemoryAdapter, type TestBotOptions } from '@vistazo/core/testing';
import { onTestFinished } from 'vitest';
import { z } from 'zod';

type Setup = (context: PluginContext<Record<string, never>>) => void | Promise<void>;

/** A plugin without configuration. */
export function plugin(name: string, setup: Setup, dependsOn: readonly string[] = []): Plugin {
  const config = z.object({}).transform((): Record<string, never> => ({}));
  return definePlugin({ name, version: '1.0.0', config, dependsOn, setup })({});
}

/** A bot with these plugins, closed after the test, and what they failed with. */
export async function startBot(
  plugins: readonly Plugin[],
  options: TestBotOptions = {},
  capabilities: ConstructorParameters<typeof MemoryAdapter>[0] = {},
) {
  const faults: string[] = [];
  const onPluginFault = (name: string, { message }: VistazoError) =>
    void faults.push(`${name}: ${message}`);
  const adapter = new MemoryAdapter(capabilities);
  const bot = await createTestBot({ adapter, plugins, onPluginFault, ...options });
  onTestFinished(() => bot.close());
  return { bot, faults };
}
