// Makes a bot like `npm create vistazo`, with the packages of this clone in place of published ones:
// npm run create -- FOLDER
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { main } from '../dist/index.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const packages = ['core', 'nano', 'web', 'plugins', 'discord', 'slack', 'cli'];

/** Packs the packages into the folder; gives the file name of each by its name. */
function pack(folder) {
  const workspaces = packages.flatMap((name) => ['-w', `packages/${name}`]);
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder, ...workspaces];
  const options = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
  const packed = JSON.parse(execFileSync('npm', args, options));
  return Object.fromEntries(packed.map(({ name, filename }) => [name, filename]));
}

// npm runs scripts in the root of the clone; the folder is meant from where npm was called.
if (process.env.INIT_CWD !== undefined) process.chdir(process.env.INIT_CWD);
await main(process.argv.slice(2), { pack });
