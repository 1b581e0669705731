import { type Adapter, describeCommands, VistazoError } from '@vistazo/core';
import { type Command, Option } from 'commander';
import { stringify } from 'yaml';
import { loadBotConfig, usualConfigFile } from '../config/bot-config.js';

interface ManifestFlags {
  config: string;
  adapter?: string;
  name?: string;
  url?: string;
  format: 'yaml' | 'json';
}

/** `vistazo slack`: what is set up on Slack for a bot. */
export function addSlackCommand(program: Command): void {
  const slack = program.command('slack').description('set a bot up on Slack');
  slack
    .command('manifest')
    .description(
      'print the manifest of the app, to be given to Slack at https://api.slack.com/apps?new_app=1',
    )
    .option('--config <file>', 'module that says what bot it is', usualConfigFile)
    .option('--adapter <name>', 'of which adapter of the bot, where several have a manifest')
    .option('--name <name>', 'what the app is called (default: Vistazo)')
    .option('--url <address>', 'where Slack reaches the bot, such as https://bot.example.com')
    .addOption(
      new Option('--format <format>', 'how it is written')
        .choices(['yaml', 'json'])
        .default('yaml'),
    )
    .exitOverride()
    .action(printManifest);
}

async function printManifest(flags: ManifestFlags): Promise<void> {
  const { adapters, plugins } = await loadBotConfig(flags.config);
  const manifestOf = adapterWithManifest(adapters, flags);
  const manifest = manifestOf({
    commands: await describeCommands(plugins),
    ...(flags.name !== undefined && { name: flags.name }),
    ...(flags.url !== undefined && { publicUrl: flags.url }),
  });
  process.stdout.write(
    flags.format === 'json' ? `${JSON.stringify(manifest, null, 2)}\n` : stringify(manifest),
  );
}

function adapterWithManifest(
  adapters: readonly Adapter[],
  { config, adapter: wanted }: ManifestFlags,
): NonNullable<Adapter['manifest']> {
  const able = adapters.filter(({ manifest }) => manifest !== undefined);
  const found = able.filter(({ name }) => wanted === undefined || name === wanted);
  const [adapter] = found;
  const names = able.map(({ name }) => name).join(', ');
  if (adapter?.manifest === undefined)
    throw new VistazoError(
      'option.invalid',
      able.length === 0
        ? `The bot in ${config} has no adapter with a manifest; add createSlackAdapter of @vistazo/slack to its adapters.`
        : `The bot in ${config} has no adapter ${wanted} with a manifest; there is ${names}.`,
    );
  if (found.length > 1)
    throw new VistazoError(
      'option.invalid',
      `The bot in ${config} has several adapters with a manifest; name one with --adapter: ${names}.`,
    );
  return adapter.manifest.bind(adapter);
}
