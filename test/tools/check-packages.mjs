// Packs each package that is published and holds it to publint's and attw's rules.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const run = (command, args) =>
  execFileSync(command, args, { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
const folder = mkdtempSync(join(tmpdir(), 'vistazo-pack-'));
try {
  for (const name of readdirSync('packages')) {
    const manifest = JSON.parse(readFileSync(join('packages', name, 'package.json'), 'utf8'));
    if (manifest.private) continue;
    process.stdout.write(run('npx', ['publint', '--strict', join('packages', name)]));
    const [packed] = JSON.parse(
      run('npm', [
        'pack',
        '--json',
        '--ignore-scripts',
        '--pack-destination',
        folder,
        '-w',
        join('packages', name),
      ]),
    );
    process.stdout.write(
      run('npx', ['attw', '--profile', 'esm-only', join(folder, packed.filename)]),
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
