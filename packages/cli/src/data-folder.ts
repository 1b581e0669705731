import { access, constants, mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { VistazoError } from '@vistazo/core';

/** Only its user may look into what is kept there. */
const ownerOnly = 0o700;

/** Makes the folder where conversations are kept, for its user alone. One that is there keeps its rights. Throws `file.unreadable`. */
export async function makeDataFolder(folder: string): Promise<void> {
  await checkDataFolder(folder);
  await mkdir(folder, { recursive: true, mode: ownerOnly }).catch((cause) =>
    unusable(folder, cause),
  );
}

/** Whether the folder can be used or made; makes nothing. Throws `file.unreadable`. */
export async function checkDataFolder(folder: string): Promise<void> {
  try {
    const { path, isFolder } = await nearest(resolve(folder));
    if (!isFolder) throw new Error(`${path} is no folder`);
    await access(path, constants.W_OK);
  } catch (cause) {
    unusable(folder, cause);
  }
}

/** The folder itself, or what is there of the way to it. */
async function nearest(path: string): Promise<{ path: string; isFolder: boolean }> {
  try {
    return { path, isFolder: (await stat(path)).isDirectory() };
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!missing || dirname(path) === path) throw error;
    return nearest(dirname(path));
  }
}

function unusable(folder: string, cause: unknown): never {
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw new VistazoError(
    'file.unreadable',
    `The data folder ${folder} cannot be used (${reason}); choose another with --data.`,
    { cause },
  );
}
