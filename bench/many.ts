// npm run bench:many [-- --rounds 3] [-- --json FILE]: many conversations at once, on SmolLM2-135M-Instruct: Vistazo,
// transformers.js on the same ONNX file, and llama.cpp on the GGUF that it was made of. Prints a table of ratios.
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { installRivals } from './install-rivals.ts';
import type { ManyFindings, ManyTask } from './many-task.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    gguf: { type: 'string' },
    json: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const modelFolder = join(folder, '.models/smollm2');
if (!existsSync(join(modelFolder, 'onnx/model_q4.onnx'))) {
  throw new Error(`${modelFolder} is not there; run python bench/make_smollm2.py first`);
}

const contenders = {
  vistazo: 'many-vistazo.ts',
  'transformers.js': 'many-transformers-js.mjs',
  ...(values.gguf !== undefined && { 'llama.cpp': 'many-llama-cpp.mjs' }),
};
type Contender = 'vistazo' | 'transformers.js' | 'llama.cpp';

/** What is compared: so many conversations at once, after a prompt of so many words. */
const cases = [
  {
    name: '1 at 100',
    conversations: 1,
    words: 80,
    aims: { 'llama.cpp': 1.2, 'transformers.js': 1.5 },
  },
  {
    name: '8 at 100',
    conversations: 8,
    words: 80,
    aims: { 'llama.cpp': 2.5, 'transformers.js': 4 },
  },
  {
    name: '1 at 900',
    conversations: 1,
    words: 880,
    aims: { 'llama.cpp': 1.2, 'transformers.js': 1.9 },
  },
  {
    name: '8 at 900',
    conversations: 8,
    words: 880,
    aims: { 'llama.cpp': 2.5, 'transformers.js': 3 },
  },
] as const;

function measure(contender: Contender): ManyFindings {
  const task: ManyTask = {
    modelFolder,
    gguf: values.gguf ?? '',
    threads: availableParallelism(),
    answerTokens: 48,
    cases: cases.map(({ conversations, words }) => ({ conversations, words })),
  };
  const file = contenders[contender];
  const { stdout, status } = spawnSync(
    process.execPath,
    [join(folder, file ?? ''), JSON.stringify(task)],
    { encoding: 'utf8', maxBuffer: 2 ** 26, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  if (status !== 0) throw new Error(`${file} ended with ${status}`);
  return JSON.parse(stdout.slice(stdout.indexOf('{')));
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

installRivals();
const peers: Exclude<Contender, 'vistazo'>[] = ['transformers.js'];
if (values.gguf !== undefined) peers.push('llama.cpp');
const names: Contender[] = ['vistazo', ...peers];
const found = new Map<Contender, ManyFindings[]>(names.map((name) => [name, []]));
const [load = 0] = loadavg();
for (let round = 1; round <= rounds; round += 1) {
  for (const name of names) {
    found.get(name)?.push(measure(name));
    process.stderr.write(`round ${round} of ${rounds}: ${name}\n`);
  }
}

const rows = peers.flatMap((peer) => [
  ...cases.map(({ name, aims }, index) => {
    const of = (who: Contender) =>
      median((found.get(who) ?? []).map(({ tokensPerSecond }) => tokensPerSecond[index] ?? 0));
    const aim = aims[peer];
    return row(`${name} tokens, tokens/s in all, against ${peer}`, of('vistazo'), of(peer), aim);
  }),
  row(
    `prompt of 900 tokens, tokens/s, against ${peer}`,
    median((found.get('vistazo') ?? []).map(({ promptTokensPerSecond: each }) => each)),
    median((found.get(peer) ?? []).map(({ promptTokensPerSecond: each }) => each)),
    peer === 'llama.cpp' ? 2 : 1,
  ),
]);

function row(name: string, ours: number, peer: number, aim: number) {
  const ratio = ours / peer;
  return { case: name, ours, peer, ratio, aim, met: ratio >= aim };
}

process.stdout.write(
  `Load average at the start ${load.toFixed(2)}, ${rounds} rounds, medians.\n\n`,
);
process.stdout.write('| case | Vistazo | peer | ratio | aim |\n|---|---:|---:|---:|---:|\n');
for (const { case: name, ours, peer, ratio, aim, met } of rows) {
  const mark = met ? '' : ' (not met)';
  process.stdout.write(
    `| ${name} | ${ours.toFixed(1)} | ${peer.toFixed(1)} | ${ratio.toFixed(2)} | ≥ ${aim}${mark} |\n`,
  );
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
