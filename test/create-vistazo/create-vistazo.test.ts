import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nanoModelFolder } from '@vistazo/nano';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { goodPicture } from '../bad-pictures.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bin = join(root, 'packages/create-vistazo/bin/create-vistazo.js');
const hasNano = existsSync(join(nanoModelFolder, 'config.json'));
const hasScript = /util-linux/.test(String(spawnSync('script', ['--version']).stdout));
const note = hasNano ? '' : ' (skipped: packages/nano/model is missing)';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'create-vistazo-'));
  return () => rm(folder, { recursive: true, force: true });
});

interface Result {
  code: number | null;
  out: string;
  err: string;
}

function node(args: string[], cwd = folder): Promise<Result> {
  return new Promise((resolve) => {
    // The test runner of Node would take this one's for its own.
    const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
    const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const result: Result = { code: null, out: '', err: '' };
    child.stdout.on('data', (chunk) => {
      result.out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      result.err += chunk;
    });
    child.once('close', (code) => resolve({ ...result, code }));
  });
}

const create = (...args: string[]) => node([bin, ...args]);

/** A bot that was made, with the packages of this workspace. */
async function made(name = 'my-bot'): Promise<string> {
  await create(name);
  const bot = join(folder, name);
  await symlink(join(root, 'node_modules'), join(bot, 'node_modules'));
  return bot;
}

async function json(file: string) {
  return JSON.parse(await readFile(file, 'utf8'));
}

describe('npm create vistazo', () => {
  it('makes a folder with a bot of that name, and says how to go on', async () => {
    const { code, out, err } = await create('Look At This');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/Your bot is in Look At This\.\n {2}cd Look At This\n {2}npm install/);
    const bot = join(folder, 'Look At This');
    expect((await readdir(bot)).sort()).toEqual(
      ['.gitignore', 'README.md', 'bot.config.js', 'package.json', 'plugins', 'test'].sort(),
    );
    expect(await json(join(bot, 'package.json'))).toMatchObject({ name: 'look-at-this' });
    expect(await readFile(join(bot, 'README.md'), 'utf8')).toMatch(/^# look-at-this\n/);
  });

  it('makes it in the folder it is called in, when that is empty', async () => {
    expect(await node([bin, '.'])).toMatchObject({ code: 0, err: '' });
    expect(await readdir(folder)).toContain('bot.config.js');
  });

  it('touches no folder that has anything in it', async () => {
    await mkdir(join(folder, 'full'));
    await writeFile(join(folder, 'full', 'diary.txt'), 'mine');
    expect(await create('full')).toEqual({
      code: 2,
      out: '',
      err: 'full is not empty; name a folder that is not there yet. [option.invalid]\n',
    });
    expect(await readdir(join(folder, 'full'))).toEqual(['diary.txt']);
  });

  it.each([
    [[], 2, /^Say which folder is to be made, .*\[option\.invalid\]\n$/],
    [['one', 'two'], 2, /^One folder can be made, not one, two; Usage: /],
    [['--fast', 'one'], 2, /^Unknown option '--fast'.*\[option\.invalid\]\n$/s],
    [['…'], 2, /gives no name for a package; use letters and digits/],
    [['file.txt/bot'], 1, /^file\.txt\/bot cannot be (used|written): .*\[file\.unreadable\]\n$/],
  ])('says what is not right in %j', async (args, code, complaint) => {
    await writeFile(join(folder, 'file.txt'), '');
    const result = await create(...args);
    expect(result.err).toMatch(complaint);
    expect([result.code, result.out]).toEqual([code, '']);
  });
});

it.skipIf(!hasScript)(
  'asks for the folder in a terminal (needs script of util-linux)',
  async () => {
    const command = `'${process.execPath}' '${bin}'`;
    const child = spawn('script', ['-qefc', command, '/dev/null'], { cwd: folder });
    onTestFinished(() => void child.kill());
    child.stdout.once('data', () => child.stdin.write('asked-for\r'));
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    expect(await readdir(join(folder, 'asked-for'))).toContain('bot.config.js');
  },
);

describe('a bot that was made', () => {
  it('from a clone has the packages of the clone, and needs none of them from the registry', async () => {
    const tool = join(root, 'packages/create-vistazo/tools/create-from-clone.mjs');
    const env = { ...process.env, INIT_CWD: folder };
    const { status, stderr } = spawnSync(process.execPath, [tool, 'my-bot'], { env, cwd: root });
    expect([String(stderr), status]).toEqual(['', 0]);
    const { dependencies } = await json(join(folder, 'my-bot/package.json'));
    const packed = Object.entries<string>(dependencies).filter(([, from]) =>
      from.startsWith('file:'),
    );
    for (const [, from] of packed)
      expect(existsSync(join(folder, 'my-bot', from.replace('file:', '')))).toBe(true);
    const places = (await readdir(join(root, 'packages'))).filter(
      (place) => place !== 'create-vistazo',
    );
    const manifests = await Promise.all(
      places.map((place) => json(join(root, 'packages', place, 'package.json'))),
    );
    expect(packed.map(([name]) => name).sort()).toEqual(manifests.map(({ name }) => name).sort());
  });

  it('has a test that passes, and that fails when the plugin is broken', async () => {
    const bot = await made();
    const run = () => node(['--test'], bot);
    const { code, out } = await run();
    expect(out).toMatch(/pass 1\b/);
    expect(code).toBe(0);
    const plugin = join(bot, 'plugins', 'hello.js');
    const source = await readFile(plugin, 'utf8');
    await writeFile(plugin, source.replace('options.who}!', 'options.who}?'));
    expect((await run()).code).toBe(1);
  });

  it('needs the packages of the versions that it was made with', async () => {
    const manifest = await json(join(root, 'packages/create-vistazo/template/package.json'));
    const core = await json(join(root, 'packages/core/package.json'));
    const versions = Object.entries({
      '@vistazo/core': 'core',
      '@vistazo/plugins': 'plugins',
      vistazo: 'cli',
    }).map(async ([name, place]) => {
      const { version } = await json(join(root, 'packages', place, 'package.json'));
      return [name, `^${version}`];
    });
    expect(manifest.dependencies).toEqual({
      ...Object.fromEntries(await Promise.all(versions)),
      zod: core.dependencies.zod,
    });
    expect(manifest.engines).toEqual(core.engines);
  });

  it('is packed with its package, the hidden file under a name that npm keeps', () => {
    const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: join(root, 'packages/create-vistazo'),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const paths = JSON.parse(packed)[0].files.map(({ path }: { path: string }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        'bin/create-vistazo.js',
        'dist/index.js',
        'template/gitignore',
        'template/package.json',
        'template/plugins/hello.js',
        'template/test/hello.test.js',
      ]),
    );
  });

  it.skipIf(!hasNano)(`runs its command in the terminal${note}`, async () => {
    const bot = await made();
    const vistazo = join(bot, 'node_modules/vistazo/bin/vistazo.js');
    expect(await node([vistazo, 'run', 'hello', '--who', 'Ana'], bot)).toEqual({
      code: 0,
      out: 'Hello, Ana!\n',
      err: '',
    });
  });

  it.skipIf(!hasNano)(
    `answers about a picture on its chat page, and runs its command there${note}`,
    async () => {
      const bot = await made();
      const { scripts } = await json(join(bot, 'package.json'));
      const [command = '', ...args] = String(scripts.start).split(' ');
      const vistazo = join(bot, 'node_modules/.bin', command);
      const url = await started(
        spawn(process.execPath, [vistazo, ...args, '--port', '0'], {
          cwd: bot,
          env: { ...process.env, NO_COLOR: '1' },
        }),
      );
      const conversations = `${url}/api/conversations`;
      const { id } = await (await fetch(conversations, { method: 'POST' })).json();
      const body = new FormData();
      body.set('text', 'What color is it?');
      body.append('pictures', new File([new Uint8Array(await goodPicture())], 'good.png'));
      const answer = await fetch(`${conversations}/${id}/messages`, { method: 'POST', body });
      expect(await answer.text()).toMatch(/"type":"text"[\s\S]*"type":"end"/);
      const call = new FormData();
      call.set('text', '/hello who=Ana');
      const greeted = await fetch(`${conversations}/${id}/messages`, {
        method: 'POST',
        body: call,
      });
      expect(await greeted.text()).toContain('Hello, Ana!');
    },
  );
});

/** The address of the chat page, once it is said. */
function started(child: ChildProcess): Promise<string> {
  onTestFinished(() => void child.kill('SIGKILL'));
  return new Promise((resolve, reject) => {
    let printed = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk) => {
        printed += chunk;
        const url = /at (http:\S+)\n/.exec(printed)?.[1];
        if (url !== undefined) resolve(url);
      });
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${printed}`)));
  });
}
