import { execFileSync, spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

const root = fileURLToPath(new URL('..', import.meta.url));

const lockfile = z.object({
  packages: z.record(
    z.string(),
    z.object({
      dev: z.boolean().optional(),
      devOptional: z.boolean().optional(),
      hasInstallScript: z.boolean().optional(),
      dependencies: z.record(z.string(), z.string()).optional(),
    }),
  ),
});
const manifest = z.object({
  version: z.string(),
  dependencies: z.record(z.string(), z.string()).default({}),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
});

async function json(path: string): Promise<unknown> {
  return JSON.parse(await readFile(join(root, path), 'utf8'));
}

describe('an installation', () => {
  it('can be undone by no install step: packages with one are optional', async () => {
    const { packages } = lockfile.parse(await json('package-lock.json'));
    const withStep = Object.entries(packages)
      .filter(([, { hasInstallScript, dev }]) => hasInstallScript === true && dev !== true)
      .map(([path]) => path.replace('node_modules/', ''));
    expect(withStep).toEqual(['onnxruntime-node']);
    const core = manifest.parse(await json('packages/core/package.json'));
    expect(core.optionalDependencies).toHaveProperty('onnxruntime-node');
    const needed = Object.entries(packages).filter(
      ([path, { dependencies = {} }]) => path !== '' && 'onnxruntime-node' in dependencies,
    );
    expect(needed).toEqual([]);
  });

  it('of the embedded model brings its graphs once, without the weights for training', () => {
    const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: join(root, 'packages/nano'),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const paths = JSON.parse(packed)[0].files.map(({ path }: { path: string }) => path);
    expect(paths).toContain('model/config.json');
    expect(paths.filter((path: string) => path.includes('safetensors'))).toEqual([]);
  });
});

describe('@vistazo/core without its optional packages', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vistazo-core-alone-'));
    const modules = join(folder, 'node_modules');
    const core = join(modules, '@vistazo/core');
    await mkdir(core, { recursive: true });
    for (const part of ['package.json', 'dist', 'wasm'])
      await cp(join(root, 'packages/core', part), join(core, part), { recursive: true });
    const { dependencies } = manifest.parse(await json('packages/core/package.json'));
    for (const name of Object.keys(dependencies)) {
      await mkdir(dirname(join(modules, name)), { recursive: true });
      await symlink(join(root, 'node_modules', name), join(modules, name));
    }
    return () => rm(folder, { recursive: true, force: true });
  });

  async function run(program: string): Promise<string> {
    await writeFile(join(folder, 'program.mjs'), program);
    const { NODE_OPTIONS: _, ...env } = process.env;
    const options = { cwd: folder, env, encoding: 'utf8' as const };
    const { stdout, stderr } = spawnSync(process.execPath, ['program.mjs'], options);
    return stdout + stderr;
  }

  it('answers, though nobody can collect spans', async () => {
    const printed = await run(`
      import { createTestBot } from '@vistazo/core/testing';
      const bot = await createTestBot({ answers: ['Seen.'] });
      console.log(await bot.ask('Hello?'));
      await bot.close();
    `);
    expect(printed).toBe('Seen.\n');
  });

  it('says in one sentence what a local model lacks, and what to do', async () => {
    const printed = await run(`
      import { createLocalModel } from '@vistazo/core';
      const error = await createLocalModel({ model: 'anywhere' }).catch((error) => error);
      console.log(error.code, error.message);
    `);
    expect(printed).toMatch(
      /^runtime\.missing ONNX Runtime.* is not installed.* ONNXRUNTIME_NODE_INSTALL=skip npm install --include=optional.*\n$/,
    );
  });
});
