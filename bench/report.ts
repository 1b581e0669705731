import type { Answer, Findings, Task } from './measure.ts';

/** The findings of every round of both contenders on one model. */
export interface Comparison {
  title: string;
  task: Task;
  vistazo: Findings[];
  transformersJs: Findings[];
}

interface Row {
  label: string;
  unit: 'ms' | 'tokens' | 'tokens/s' | 'MB';
  of: (findings: Findings) => number[];
}

const answerRows: { label: string; unit: Row['unit']; of: (answer: Answer) => number }[] = [
  { label: 'preprocessing', unit: 'ms', of: ({ preprocessMs }) => preprocessMs },
  { label: 'vision encoder', unit: 'ms', of: ({ encodeMs }) => encodeMs },
  { label: 'time to first token', unit: 'ms', of: (each) => each.timeToFirstTokenMs },
  { label: 'tokens of an answer', unit: 'tokens', of: (each) => each.answerTokens },
  { label: 'decoding', unit: 'tokens/s', of: (each) => each.tokensPerSecond },
  { label: 'longest event-loop stall of an answer', unit: 'ms', of: ({ stallMs }) => stallMs },
];

function rowsOf({ task }: Comparison): Row[] {
  const byScenario = Object.keys(task.pictures).flatMap((scenario) =>
    answerRows.map(({ label, unit, of }) => ({
      label: `${label}, ${scenario}`,
      unit,
      of: ({ answers }: Findings) => (answers[scenario] ?? []).map(of),
    })),
  );
  return [
    { label: 'load', unit: 'ms', of: ({ loadMs }) => [loadMs] },
    ...byScenario,
    {
      label: 'second turn, time to first token',
      unit: 'ms',
      of: ({ secondTurns }) => secondTurns.map((each) => each.timeToFirstTokenMs),
    },
    {
      label: 'peak memory of all processes',
      unit: 'MB',
      of: ({ peakBytes }) => (peakBytes === undefined ? [] : [peakBytes / 1e6]),
    },
    {
      label: 'memory held after the answers',
      unit: 'MB',
      of: ({ heldBytes }) => (heldBytes === undefined ? [] : [heldBytes / 1e6]),
    },
  ];
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (
    ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle) - 1] ?? Number.NaN)) / 2
  );
}

function shown(value: number): string {
  if (Number.isNaN(value)) return '–';
  return value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en');
}

/** The median, and in brackets the least and the most where there are several. */
function spread(values: readonly number[]): string {
  const middle = shown(median(values));
  if (values.length < 2) return middle;
  return `${middle} (${shown(Math.min(...values))}–${shown(Math.max(...values))})`;
}

function tableOf(comparison: Comparison): string {
  const lines = rowsOf(comparison).map(({ label, unit, of }) => {
    const ours = comparison.vistazo.flatMap(of);
    const theirs = comparison.transformersJs.flatMap(of);
    const ratio = median(theirs) / median(ours);
    const faster = unit === 'tokens/s' ? 1 / ratio : ratio;
    return `| ${label} (${unit}) | ${spread(ours)} | ${spread(theirs)} | ${unit !== 'tokens' && Number.isFinite(faster) ? faster.toFixed(2) : '–'} |`;
  });
  return ['| | Vistazo | transformers.js | times better |', '|---|---:|---:|---:|', ...lines].join(
    '\n',
  );
}

/** Whether both gave the same answers, on their own pixels and on the same ones. */
function agreement({ vistazo: [ours], transformersJs: [theirs], task }: Comparison): string {
  const scenarios = Object.keys(task.pictures);
  const texts = (findings: Findings | undefined) =>
    scenarios.flatMap((scenario) => (findings?.answers[scenario] ?? []).map(({ text }) => text));
  const samePixels = scenarios.flatMap((scenario) => theirs?.textsOfSamePixels?.[scenario] ?? []);
  const expected = texts(ours);
  const share = (given: readonly string[]) =>
    `${expected.filter((text, index) => text === given[index]).length} of ${expected.length}`;
  const verdict = samePixels.every((text, index) => text === expected[index])
    ? ''
    : ' These models do not compute the same: the table compares unlike work.';
  return `Answers that are the same to the letter: ${share(texts(theirs))} with each one's own pixels, ${share(samePixels)} when transformers.js is given those of Vistazo.${verdict}`;
}

/** The page docs/benchmarks.md. */
export function report(
  comparisons: readonly Comparison[],
  { machine, rounds, missing }: { machine: string; rounds: number; missing: readonly string[] },
): string {
  const parts = comparisons.map(
    (each) => `## ${each.title}\n\n${tableOf(each)}\n\n${agreement(each)}\n`,
  );
  const left = missing.map((title) => `Not measured here, its files are missing: ${title}.\n`);
  return `# Benchmarks

Vistazo beside \`@huggingface/transformers\` 4.3.1 (transformers.js) on the same files, the same pictures and questions, greedy, with the same number of threads and the same ONNX Runtime. Each contender runs in a process of its own, ${rounds} rounds in turn; figures are medians, in brackets the least and the most. "Times better" above 1 is in favour of Vistazo. Peak memory is the sum of each process's own peak, shared pages counted in each; what is held after the answers counts them once.

Measured on: ${machine}.

Repeat it:

\`\`\`sh
python bench/make_smolvlm_size.py ../shared/reference/SmolVLM-256M-Instruct   # once; any folder with that model's configuration and tokenizer
npm run bench
\`\`\`

${[...parts, ...left].join('\n')}
transformers.js runs the model in the process that asks, which therefore stands still for each run of a graph; Vistazo runs it in the engine process and decodes pictures in the media process. Starting these takes time while loading, and each has a Node of its own in memory. A second turn is fast because the engine keeps the KV cache of the conversation. Pixels differ because transformers.js resizes with sharp and Vistazo as Pillow does; where weights are random and activations quantised, that is enough to change words. Processes that ended before the end are missing from the memory.
`;
}
