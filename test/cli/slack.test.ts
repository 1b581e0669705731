import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { manifestSchema } from '../slack/manifest-schema.ts';
import { runVistazo } from './run-vistazo.ts';

const addressOf = (path: string) => pathToFileURL(join(import.meta.dirname, '../..', path)).href;

const imports = `
import { createSlackAdapter } from '${addressOf('packages/slack/dist/index.js')}';
import { triage, tutor } from '${addressOf('packages/plugins/dist/index.js')}';
const tokens = { botToken: 'xoxb-SECRET', appToken: 'xapp-SECRET' };
`;

/** `vistazo slack manifest` in a folder with this config. */
async function manifest(config: string, args: readonly string[] = []) {
  const cwd = await mkdtemp(join(tmpdir(), 'vistazo-slack-'));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  await writeFile(join(cwd, 'bot.config.js'), `${imports}export default ${config};`);
  return runVistazo(['slack', 'manifest', ...args], { cwd });
}

const bot = '{ plugins: [tutor({})], adapters: [createSlackAdapter(tokens)] }';

describe('vistazo slack manifest', () => {
  it('prints what Slack takes, with the commands of the plugins, as YAML and as JSON', async () => {
    const asYaml = await manifest(bot, ['--name', 'Looker']);
    expect(asYaml).toMatchObject({ code: 0, err: '' });
    const found = manifestSchema.parse(parse(asYaml.out));
    expect(found.display_information.name).toBe('Looker');
    expect(found.features.slash_commands?.map(({ command }) => command)).toContain('/hint');
    const asJson = await manifest(bot, ['--name', 'Looker', '--format', 'json']);
    expect(JSON.parse(asJson.out)).toEqual(found);
    expect(asJson.out).not.toContain('SECRET');
  });

  it('needs no tokens, which an app has only when it is made, and no database', async () => {
    const { code, out, err } = await manifest(
      '{ plugins: [triage({})], adapters: [createSlackAdapter({ botToken: undefined })] }',
    );
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const { features, settings } = manifestSchema.parse(parse(out));
    expect(features.slash_commands?.map(({ command }) => command)).toContain('/ticket');
    expect(settings.socket_mode_enabled).toBe(true);
  });

  it('says so where the bot is not on Slack, or more than once', async () => {
    const none = await manifest('{ adapters: [] }');
    expect(none).toMatchObject({ code: 2, out: '' });
    expect(none.err).toContain('has no adapter with a manifest; add createSlackAdapter');
    const two =
      "{ adapters: [createSlackAdapter(tokens), createSlackAdapter({ ...tokens, name: 'other' })] }";
    expect((await manifest(two)).err).toContain('name one with --adapter: slack, other');
    expect(await manifest(two, ['--adapter', 'other'])).toMatchObject({ code: 0 });
    expect((await manifest(two, ['--adapter', 'third'])).err).toContain('no adapter third');
  });

  it('says so where a plugin cannot say which commands it has', async () => {
    const failing =
      "{ adapters: [createSlackAdapter(tokens)], plugins: [{ name: 'broken', version: '1.0.0', dependsOn: [], config: {}, parseConfig: (given) => given, setup: () => { throw new Error('No.'); } }] }";
    const { code, err } = await manifest(failing);
    expect(code).toBe(1);
    expect(err).toContain('broken');
  });
});
