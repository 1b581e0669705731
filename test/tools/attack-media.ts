// Sends mutated and hostile pictures, documents and videos to a media process and says what became of
// them: npm run attack -- --files 100000 --from 0 --seed 1 --documents 0.2 --videos 0.02, the last two of
// which are shares of the files; those before `--from` are made and not sent. Exits 1 when one did harm. On a machine that has other things to do, the time on the
// clock says less than the processor time, which is measured on Linux.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { MediaProcess, VistazoError } from '@vistazo/core';
import { goodPicture } from '../bad-pictures.ts';
import { mutatedFiles } from '../core/media/mutated-files.ts';
import { programs } from '../core/media/video-files.ts';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    documents: { type: 'string', default: '0.2' },
    videos: { type: 'string', default: '0.02' },
  },
});
/** What one file may take. */
const maxMs = 5000;
const maxMemoryMb = 400;

const media = new MediaProcess({}, programs);
const good = await goodPicture();
const outcome = {
  files: 0,
  shown: 0,
  refused: 0,
  harmful: 0,
  slowestMs: 0,
  mostCpuMs: 0,
  mostMemoryMb: 0,
};
/** Of each kind of file, and of each reason to refuse one. */
const counts: Record<string, number> = {};

function count(what: string): void {
  counts[what] = (counts[what] ?? 0) + 1;
}

function complain(what: string, fault: string): void {
  outcome.harmful += 1;
  console.error(`${what}: ${fault}`);
}

/** Processor time of all child processes so far, those that have ended included, on Linux; elsewhere 0. */
function childrenCpuMs(): number {
  const times = (pid: number | string, first: number) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return 10 * (Number(fields[first]) + Number(fields[first + 1]));
  };
  try {
    // Those of this process's ended children come after its own.
    return childPids().reduce((sum, pid) => sum + times(pid, 11), times(process.pid, 13));
  } catch {
    return 0;
  }
}

function childPids(): string[] {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8');
  return children.trim().split(' ').filter(Boolean);
}

/** Most resident memory of the media process and of ffmpeg in MB, on Linux; elsewhere 0. */
function memoryMb(): number {
  try {
    const sizes = childPids().map((pid) => {
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

let made = 0;
const shares = { documents: Number(values.documents), videos: Number(values.videos) };
for await (const { bytes, what } of mutatedFiles(
  Number(values.files),
  Number(values.seed),
  shares,
)) {
  if (made++ < Number(values.from)) continue;
  count(what.slice(0, what.indexOf(':')));
  const startedAt = performance.now();
  const cpuBeforeMs = childrenCpuMs();
  try {
    await media.picturesIn(bytes);
    outcome.shown += 1;
  } catch (error) {
    outcome.refused += 1;
    if (!(error instanceof VistazoError && error.code.startsWith('picture.')))
      complain(what, String(error));
    else count(error.code);
  }
  const tookMs = Math.round(performance.now() - startedAt);
  outcome.mostCpuMs = Math.max(outcome.mostCpuMs, childrenCpuMs() - cpuBeforeMs);
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
console.log(JSON.stringify({ ...outcome, counts }));
process.exitCode = outcome.harmful === 0 ? 0 : 1;
