// npm run bench [-- --rounds 5]: Vistazo and transformers.js side by side on the same files; writes docs/benchmarks.md.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { nanoModelFolder } from '@vistazo/nano';
import { installRivals } from './install-rivals.ts';
import type { Findings, Task } from './measure.ts';
import { drawPictures } from './pictures.ts';
import { type Comparison, report } from './report.ts';
import { writePixelValues } from './same-pixels.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) {
  throw new Error(`--rounds is ${values.rounds}, but a whole number from 1 on is needed`);
}

const contenders = {
  vistazo: 'contender-vistazo.ts',
  transformersJs: 'contender-transformers-js.mjs',
};

function measure(file: string, task: Task): Findings {
  const { stdout, status } = spawnSync(
    process.execPath,
    [join(folder, file), JSON.stringify(task)],
    { encoding: 'utf8', maxBuffer: 2 ** 26, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  if (status !== 0) throw new Error(`${file} ended with ${status}`);
  return JSON.parse(stdout);
}

/** Rounds alternate, so that a machine that grows busy slows both. */
async function compare(title: string, task: Task, times: number): Promise<Comparison> {
  await writePixelValues(task.modelFolder, Object.values(task.pictures).flat());
  const comparison: Comparison = { title, task, vistazo: [], transformersJs: [] };
  for (let round = 0; round < times; round += 1) {
    for (const name of ['vistazo', 'transformersJs'] as const) {
      comparison[name].push(measure(contenders[name], { ...task, checksPixels: round === 0 }));
      process.stderr.write(`${title}, round ${round + 1} of ${times}: ${name}\n`);
    }
  }
  return comparison;
}

installRivals();
const [loadAtStart = 0] = loadavg();
const scratch = mkdtempSync(join(tmpdir(), 'vistazo-bench-'));
const common = {
  intraOpThreads: availableParallelism(),
  question: 'Describe the picture.',
  secondQuestion: 'How many bars are there?',
};
const comparisons: Comparison[] = [];
const missing: string[] = [];
try {
  const count = 4;
  const small = await drawPictures(scratch, { widthPx: 640, heightPx: 480, count, format: 'png' });
  const large = await drawPictures(scratch, {
    widthPx: 4000,
    heightPx: 3000,
    count,
    format: 'jpeg',
  });
  const wide = await drawPictures(scratch, {
    widthPx: 1024,
    heightPx: 200,
    count: 2,
    format: 'png',
  });
  const nano: Task = {
    ...common,
    modelFolder: nanoModelFolder,
    dtype: 'fp32',
    maxNewTokens: 48,
    warmUps: 1,
    repetitions: 3,
    pictures: { '640 × 480 PNG': small, '4000 × 3000 JPEG': large },
  };
  comparisons.push(await compare('@vistazo/nano', nano, rounds));
  const random = join(folder, '.models/smolvlm-size');
  for (const dtype of ['q4', 'fp32'] as const) {
    const title = `Random weights in the sizes of SmolVLM-256M, ${dtype}`;
    const file = join(random, 'onnx', `decoder_model_merged${dtype === 'q4' ? '_q4' : ''}.onnx`);
    if (!existsSync(file)) {
      missing.push(title);
      continue;
    }
    const task: Task = {
      ...common,
      modelFolder: random,
      dtype,
      maxNewTokens: 32,
      warmUps: 1,
      repetitions: 1,
      pictures: { '1024 × 200 PNG, 5 tiles': wide },
    };
    comparisons.push(await compare(title, task, Math.min(rounds, 3)));
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB of memory, Node ${process.version}; load average at the start ${loadAtStart.toFixed(2)}`;
const text = report(comparisons, { machine, rounds, missing });
writeFileSync(fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url)), text);
process.stdout.write(text);
