import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { completeVariants, defaultCacheDir } from '@vistazo/core';
import type { Command } from 'commander';
import { embeddedModel } from '../model-flags.js';

interface ListedModel {
  id: string;
  folder: string;
  variants: { name: string; bytes: number }[];
}

/** `vistazo models`: which models are there. */
export function addModelsCommand(program: Command): void {
  program
    .command('models')
    .description('list the models that are there, with their sizes')
    .option('--cache-dir <folder>', 'where downloaded models are kept', defaultCacheDir)
    .option('--json', 'print as JSON')
    .action(listModels);
}

async function listModels({ cacheDir, json }: { cacheDir: string; json?: boolean }): Promise<void> {
  const embedded = { id: `${embeddedModel.id} (embedded)`, folder: embeddedModel.model };
  const all = await Promise.all([embedded, ...(await cachedModels(cacheDir))].map(withVariants));
  process.stdout.write(json ? `${JSON.stringify(all)}\n` : all.map(describe).join('\n'));
}

async function cachedModels(cacheDir: string): Promise<{ id: string; folder: string }[]> {
  const owners = await readdir(cacheDir).catch(() => []);
  const models = await Promise.all(
    owners.map(async (owner) => {
      const names = await readdir(join(cacheDir, owner)).catch(() => []);
      return names.map((name) => ({ id: `${owner}/${name}`, folder: join(cacheDir, owner, name) }));
    }),
  );
  return models.flat();
}

async function withVariants(model: { id: string; folder: string }): Promise<ListedModel> {
  const variants = await completeVariants(model.folder);
  return { ...model, variants: variants.map(({ variant, bytes }) => ({ name: variant, bytes })) };
}

function describe({ id, folder, variants }: ListedModel): string {
  const lines = variants.map(
    ({ name, bytes }) => `  ${name.padEnd(10)} ${(bytes / 2 ** 20).toFixed(1).padStart(8)} MB`,
  );
  return `${id}\n  ${folder}\n${lines.join('\n') || '  incomplete: the download was interrupted; use it once to go on'}\n`;
}
