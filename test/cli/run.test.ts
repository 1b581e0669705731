import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keepRunning, runVistazo } from './run-vistazo.ts';

const core = pathToFileURL(join(import.meta.dirname, '../../packages/core/dist/index.js'));
const zod = import.meta.resolve('zod');

/** A module with a plugin that has commands. */
const config = `
import { definePlugin } from '${core}';
import { z } from '${zod}';

const demo = definePlugin({
  name: 'demo',
  version: '1.0.0',
  config: z.object({ word: z.string().default('Hello') }),
  setup({ command, storage }) {
    command({
      name: 'greet',
      description: 'Says hello',
      options: z.object({
        who: z.string().describe('Whom'),
        mood: z.enum(['glad', 'sad']).default('glad').describe('Of the greeting'),
        times: z.int().min(1).max(3).default(1),
        loud: z.boolean().default(false),
      }),
      run: ({ options: { who, mood, times, loud }, config, reply }) =>
        reply(\`\${\`\${config.word}, \${loud ? who.toUpperCase() : who}! \`.repeat(times)}(\${mood})\`),
    });
    command({
      name: 'size',
      description: 'Measures',
      pictures: 'required',
      run: ({ pictures, reply }) =>
        reply(pictures.map(({ name, widthPx, heightPx }) => \`\${name} \${widthPx}x\${heightPx}\`).join()),
    });
    command({
      name: 'look',
      description: 'Says which colour it is',
      pictures: 'required',
      run: async ({ generate, reply }) => reply(await generate({ prompt: 'What color is it?' })),
    });
    command({
      name: 'count',
      description: 'Counts its calls',
      run: async ({ storage: values, reply }) => {
        const count = Number((await values.get('count')) ?? 0) + 1;
        await values.set('count', count);
        reply(String(count));
      },
    });
    command({ name: 'fail', description: 'Fails', run: () => Promise.reject(new Error('of itself')) });
  },
});
export default { plugins: [demo({})] };
`;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vistazo-run-'));
  await writeFile(join(folder, 'bot.config.js'), config);
  await sharp({ create: { width: 80, height: 60, channels: 3, background: 'red' } })
    .png()
    .toFile(join(folder, 'red.png'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const vistazo = (...args: string[]) => runVistazo(args, { cwd: folder });

describe('vistazo run', () => {
  it('runs a command of a plugin with its options, and prints the answer', async () => {
    const words = ['--who', 'Ana', '--times=2', '--loud', '--mood', 'sad'];
    const { code, out, err } = await vistazo('run', 'greet', ...words);
    expect([code, out, err]).toEqual([0, 'Hello, ANA! Hello, ANA! (sad)\n', '']);
  });

  it('gives it pictures, and lets it ask the model about them', async () => {
    expect(await vistazo('run', 'size', 'red.png')).toMatchObject({
      code: 0,
      out: 'red.png 80x60\n',
    });
    const { code, out, err } = await vistazo('run', 'look', 'red.png');
    expect([code, err]).toEqual([0, '']);
    expect(out.trim()).not.toBe('');
  });

  it('lists the commands with their options when it is not said which', async () => {
    const { code, out } = await vistazo('run');
    expect(code).toBe(0);
    expect(out).toContain(
      'greet  Says hello\n    --who  Whom\n    --mood  Of the greeting: glad, sad',
    );
    expect(out).toContain('size [picture...]  Measures');
  });

  it('keeps values where it is told to, and nowhere else', async () => {
    expect((await vistazo('run', 'count')).out).toBe('1\n');
    for (const count of [1, 2])
      expect((await vistazo('run', 'count', '--data', 'kept')).out).toBe(`${count}\n`);
  });

  it.each([
    [['nope'], 'There is no command nope; there are greet, size, look, count, fail.'],
    [['greet'], 'The command greet needs --who: Whom.'],
    [['greet', '--whom', 'Ana'], 'The command greet has no option --whom; there are --who,'],
    [
      ['greet', '--who', 'Ana', '--mood', 'odd'],
      '--mood odd is not allowed; it is one of glad, sad.',
    ],
    [
      ['greet', '--who', 'Ana', '--times', '9'],
      '--times 9 is not allowed; it is a whole number from 1 up to 3.',
    ],
    [['greet', '--who'], '--who needs a value'],
    [['greet', '--who', 'Ana', '--loud=very'], '--loud=very is not allowed; it is true or false.'],
    [
      ['greet', '--who', 'Ana', 'red.png'],
      'The command greet takes no pictures; leave red.png out.',
    ],
    [['size'], 'The command size needs a picture'],
  ])('says what is not right in %j', async (words, complaint) => {
    const { code, out, err } = await vistazo('run', ...words);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(complaint);
    expect(err).toMatch(/\[option\.invalid\]\n$/);
  });

  it('ends with 1 when the plugin fails, and says why', async () => {
    const { code, err } = await vistazo('run', 'fail');
    expect([code, err]).toEqual([1, 'The plugin demo failed: of itself [plugin.failed]\n']);
  });

  it.each([
    ['nowhere.js', undefined, 1, 'There is no config file nowhere.js'],
    ['text.js', 'export default 7;', 2, 'its default export must be an object'],
    ['odd.js', 'export default { plugin: [] };', 2, 'it has no option plugin; there are plugins,'],
    [
      'maker.js',
      'export default { plugins: [() => {}] };',
      2,
      'plugins[0]: it is a function; call it',
    ],
    ['limit.js', 'export default { limits: { maxPictures: 0 } };', 2, 'maxPictures'],
    ['broken.js', 'export default {', 2, 'The config file broken.js cannot be loaded: Unexpected'],
  ])('says what is wrong with a config file: %s', async (file, text, code, complaint) => {
    if (text !== undefined) await writeFile(join(folder, file), text);
    const result = await vistazo('run', 'greet', '--config', file);
    expect(result.err).toContain(complaint);
    expect(result.code).toBe(code);
  });
});

describe('vistazo run --watch', () => {
  it('runs the command anew when the config, or what it imports, is changed, until it is interrupted', async () => {
    const own = join(folder, 'watched');
    await mkdir(join(own, 'plugins'), { recursive: true });
    await writeFile(join(own, 'bot.config.js'), watchedConfig);
    await writeFile(join(own, 'plugins', 'greet.js'), greeter("'Hello, ' + options.who"));
    const run = keepRunning(['run', 'greet', '--who', 'Ana', '--watch'], { cwd: own });
    await run.printed('Hello, Ana\n');
    await writeFile(join(own, 'plugins', 'greet.js'), greeter("'Bye, ' + options.who"));
    await run.printed('Bye, Ana\n');
    await writeFile(join(own, 'plugins', 'greet.js'), 'export const greet =');
    await run.printed('cannot be loaded');
    await writeFile(
      join(own, 'plugins', 'greet.js'),
      greeter("options.mood + ' ' + options.who", ", mood: z.string().default('Glad')"),
    );
    await run.printed('Glad Ana\n');
    expect(await run.interrupt()).toBe(0);
  });
});

const watchedConfig = `
import { greet } from './plugins/greet.js';
export default { plugins: [greet({})] };
`;

const greeter = (answer: string, options = '') => `
import { definePlugin } from '${core}';
import { z } from '${zod}';
export const greet = definePlugin({
  name: 'greeter',
  version: '1.0.0',
  config: z.object({}),
  setup: ({ command }) =>
    command({
      name: 'greet',
      description: 'Greets',
      options: z.object({ who: z.string()${options} }),
      run: ({ options, reply }) => reply(${answer}),
    }),
});
`;
