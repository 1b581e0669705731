// Sends mutated and hostile pictures to a media process and says what became of them:
// npm run attack -- --files 100000 --seed 1. Exits 1 when one did harm.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { MediaProcess, VistazoError } from '@vistazo/core';
import { goodPicture } from '../bad-pictures.ts';
import { mutatedFiles } from '../core/media/mutated-files.ts';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
  },
});
/** What one file may take. */
const maxMs = 5000;
const maxMemoryMb = 400;

const media = new MediaProcess();
const good = await goodPicture();
const outcome = { files: 0, shown: 0, refused: 0, harmful: 0, slowestMs: 0, mostMemoryMb: 0 };

function complain(what: string, fault: string): void {
  outcome.harmful += 1;
  console.error(`${what}: ${fault}`);
}

/** Resident memory of the media process in MB, on Linux; elsewhere 0. */
function memoryMb(): number {
  try {
    const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8');
    const sizes = children
      .trim()
      .split(' ')
      .map((pid) => {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
      });
    return Math.max(0, ...sizes);
  } catch {
    return 0;
  }
}

const sampler = setInterval(() => {
  outcome.mostMemoryMb = Math.max(outcome.mostMemoryMb, Math.round(memoryMb()));
}, 10);

for await (const { bytes, what } of mutatedFiles(Number(values.files), Number(values.seed))) {
  const startedAt = performance.now();
  try {
    await media.normalise(bytes);
    outcome.shown += 1;
  } catch (error) {
    outcome.refused += 1;
    if (!(error instanceof VistazoError && error.code.startsWith('picture.')))
      complain(what, String(error));
  }
  const tookMs = Math.round(performance.now() - startedAt);
  outcome.slowestMs = Math.max(outcome.slowestMs, tookMs);
  if (tookMs > maxMs) complain(what, `${tookMs} ms`);
  outcome.files += 1;
  if (outcome.files % 1000 === 0) {
    await media.normalise(good);
    console.error(JSON.stringify(outcome));
  }
}
clearInterval(sampler);
await media.close();
if (outcome.mostMemoryMb > maxMemoryMb) complain('all files', `${outcome.mostMemoryMb} MB`);
console.log(JSON.stringify(outcome));
process.exitCode = outcome.harmful === 0 ? 0 : 1;
