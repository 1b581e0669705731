import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepRunning, runVistazo } from './run-vistazo.ts';

const dist = (path: string) =>
  pathToFileURL(join(import.meta.dirname, '../../packages/core/dist', path));
const zod = import.meta.resolve('zod');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vistazo-start-'));
  await mkdir(join(folder, 'plugins'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A platform where somebody greets again and again, and what is answered is printed. */
const config = `
import { MemoryAdapter } from '${dist('testing/index.js')}';
import { greet } from './plugins/greet.js';

class Street extends MemoryAdapter {
  #greeting;
  async start(host) {
    await super.start(host);
    const greet = () => this.say('/greet', { conversationKey: crypto.randomUUID() }).catch(() => {});
    this.#greeting = setInterval(greet, 100);
  }
  async stop() {
    clearInterval(this.#greeting);
    await super.stop();
  }
  async post(post, options) {
    console.log('heard: ' + post.text);
    return super.post(post, options);
  }
}
export default { plugins: [greet({})], adapters: [new Street()] };
`;

const greeter = (word: string) => `
import { definePlugin } from '${dist('index.js')}';
import { z } from '${zod}';
export const greet = definePlugin({
  name: 'greeter',
  version: '1.0.0',
  config: z.object({}),
  setup: ({ command }) =>
    command({ name: 'greet', description: 'Greets', run: ({ reply }) => reply('${word}') }),
});
`;

const writePlugin = (source: string) => writeFile(join(folder, 'plugins', 'greet.js'), source);

describe('vistazo start --config', () => {
  it('starts the bot on its platforms, and with --watch loads changed plugins without a restart', async () => {
    await writeFile(join(folder, 'bot.config.js'), config);
    await writePlugin(greeter('Hello!'));
    const bot = keepRunning(['start', '--port', '0', '--config', 'bot.config.js', '--watch'], {
      cwd: folder,
    });
    await bot.printed('heard: Hello!');
    await bot.printed('Vistazo is at');
    await writePlugin('export const greet = ');
    await bot.printed('cannot be loaded');
    await writePlugin(greeter('Good evening!'));
    await bot.printed('The plugins are loaded anew.');
    await bot.printed('heard: Good evening!');
    expect(await bot.interrupt()).toBe(0);
  });

  it.each([
    [['--watch'], 2, '--watch needs --config'],
    [['--config', 'nowhere.js'], 1, 'There is no config file nowhere.js'],
    [['--config', 'odd.js'], 2, 'adapters[0]: it is no adapter'],
  ])('says what is not right in %j', async (flags, code, complaint) => {
    await writeFile(join(folder, 'odd.js'), 'export default { adapters: [{}] };');
    const result = await runVistazo(['start', '--port', '0', ...flags], { cwd: folder });
    expect(result.err).toContain(complaint);
    expect(result.code).toBe(code);
  });
});
