import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const heapLimitMb = 256;

/**
 * What a plugin's process may do: read its own folder and the packages that can be imported from
 * there; nothing else of the disk, no processes, no workers, no native code. Node 24 does not keep it
 * from the network. https://nodejs.org/api/permissions.html
 * @internal
 */
export function permissionFlags(module: string): string[] {
  const folder = dirname(realpathSync(fileURLToPath(module)));
  const core = realpathSync(fileURLToPath(new URL('../../..', import.meta.url)));
  const readable = new Set([folder, ...packageFolders(folder), core, ...packageFolders(core)]);
  return [
    '--permission',
    `--max-old-space-size=${heapLimitMb}`,
    ...[...readable].map((path) => `--allow-fs-read=${path}`),
  ];
}

/** Where Node looks for packages, and the files by which it knows what kind a module is. */
function packageFolders(from: string): string[] {
  const found: string[] = [];
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    const here = [join(folder, 'node_modules'), join(folder, 'package.json')];
    found.push(...here.filter((path) => existsSync(path)).map((path) => realpathSync(path)));
  }
  return found;
}
