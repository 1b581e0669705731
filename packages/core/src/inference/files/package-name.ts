import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';

const packageSchema = z.object({
  name: z.string().min(1),
  vistazo: z.object({ model: z.string() }),
});

/**
 * Name of the npm package that carries a model folder. Its `package.json`, beside the folder, says which one that is:
 * `"vistazo": { "model": "model" }`. Undefined for other folders. @internal
 */
export async function packageNameOf(folder: string): Promise<string | undefined> {
  const parent = dirname(folder);
  const { data } = packageSchema.safeParse(await readJson(join(parent, 'package.json')));
  return data?.vistazo.model === relative(parent, folder) ? data?.name : undefined;
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return undefined;
  }
}
