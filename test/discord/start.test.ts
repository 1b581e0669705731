import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { keepRunning } from '../cli/run-vistazo.ts';
import { Twin } from './twin-fixture.ts';

const root = join(import.meta.dirname, '../..');
const dist = (path: string) => pathToFileURL(join(root, 'packages', path));
const example = fileURLToPath(new URL('../../examples/discord-image-qa/bot.js', import.meta.url));

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vistazo-discord-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** What it answers is a plugin's to say, so that no model is waited for. */
const config = (twin: Twin) => `
import { definePlugin } from '${dist('core/dist/index.js')}';
import { createDiscordAdapter } from '${dist('discord/dist/index.js')}';
import { z } from '${import.meta.resolve('zod')}';

const greeter = definePlugin({
  name: 'greeter',
  version: '1.0.0',
  config: z.object({}),
  setup: ({ onMessage }) => onMessage(async ({ reply, pictures }) => reply(pictures.length + ' picture')),
});
export default {
  plugins: [greeter({})],
  adapters: [
    createDiscordAdapter({
      token: '${twin.digital.botToken}',
      clientOptions: { rest: { api: '${twin.front.origin}/api', version: '10' } },
      files: {
        hosts: [{ host: '${new URL(twin.front.origin).host}' }],
        allowAddress: (address) => address === '127.0.0.1',
      },
    }),
  ],
};
`;

/** The least PNG. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC',
  'base64',
);

describe('vistazo start --config with the Discord adapter', () => {
  it('answers on discord-digital-twin beside the chat page', async () => {
    const twin = await Twin.start();
    onTestFinished(() => twin.stop());
    const folder = await newFolder();
    await writeFile(join(folder, 'bot.config.js'), config(twin));
    const bot = keepRunning(['start', '--port', '0', '--config', 'bot.config.js'], { cwd: folder });
    await bot.printed('Vistazo is at');
    await bot.printed('Without the message content intent');
    const asked = await twin.ask('What is this?', { pictures: [png] });
    await vi.waitFor(
      async () =>
        expect((await twin.repliesTo(asked)).map(({ content }) => content)).toEqual(['1 picture']),
      { timeout: 20_000, interval: 100 },
    );
    expect(await bot.interrupt()).toBe(0);
  });
});

describe('examples/discord-image-qa', () => {
  it('says where the token comes from when there is none', async () => {
    const cwd = await newFolder();
    const { DISCORD_TOKEN: _, ...env } = process.env;
    const err = await new Promise<string>((resolve) => {
      execFile(process.execPath, [example], { cwd, env }, (_, __, stderr) => resolve(stderr));
    });
    expect(err).toContain('The Discord adapter takes either a token or a client');
  });
});
