import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));

/** Installs what Vistazo is measured against, where it is not there. Throws when that fails. */
export function installRivals(): void {
  const rivals = ['@huggingface/transformers', 'node-llama-cpp'];
  if (rivals.every((name) => existsSync(join(folder, 'node_modules', name)))) return;
  // Their install steps would fetch what only other machines need.
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts'], {
    cwd: folder,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('transformers.js and node-llama-cpp could not be installed');
}
