import { toVistazoError, type VisionLanguageModel, VistazoError } from '@vistazo/core';
import type { Command } from 'commander';
import { type EvalCase, loadMessages, readCases } from '../eval/cases.js';
import { type Scores, sameAnswer, scoresOf } from '../eval/score.js';
import { generationOptionsOf, withGenerationFlags } from '../generation-flags.js';
import { type ModelFlags, openModel, withModelFlags } from '../model-flags.js';
import { colours } from '../terminal/colours.js';
import { interrupted, interruptSignal } from '../terminal/interrupt.js';
import { createProgress } from '../terminal/progress.js';

interface EvalFlags extends ModelFlags {
  json?: boolean;
  details?: boolean;
  [generationFlag: string]: unknown;
}

interface Result {
  task: string;
  line: number;
  expected: string;
  answer: string;
  right: boolean;
  error?: { code: string; message: string };
}

/** `vistazo eval FILE.jsonl`: exact-match accuracy per task. */
export function addEvalCommand(program: Command): void {
  const command = program
    .command('eval')
    .description('score the model on questions with known answers')
    .argument(
      '<file.jsonl>',
      'one case a line: {"task", "messages", "answer"}; pictures beside the file',
    )
    .option('--json', 'print the scores as JSON')
    .option('--details', 'also print each answer');
  withGenerationFlags(withModelFlags(command)).action(evaluate);
}

async function evaluate(file: string, flags: EvalFlags): Promise<void> {
  const signal = interruptSignal();
  const options = { ...generationOptionsOf(flags), signal };
  const cases = await readCases(file);
  const model = await openModel(flags, { signal });
  const progress = createProgress();
  const results: Result[] = [];
  try {
    for (const evalCase of cases) {
      results.push(await resultOf(model, file, evalCase, options));
      progress.update(results.length, cases.length, evalCase.task);
    }
  } finally {
    progress.stop();
    await model.close();
  }
  print(results, flags);
}

type GenerateOptions = Parameters<VisionLanguageModel['generate']>[1];

async function resultOf(
  model: VisionLanguageModel,
  file: string,
  evalCase: EvalCase,
  options: GenerateOptions,
): Promise<Result> {
  const { task, line, answer: expected } = evalCase;
  try {
    const answer = await answerTo(model, await loadMessages(file, evalCase), options);
    return { task, line, expected, answer, right: sameAnswer(answer, expected) };
  } catch (cause) {
    const error = toVistazoError(cause);
    if (error.code === 'generation.aborted' || error.code.startsWith('engine.')) throw error;
    process.stderr.write(`${file}:${line}: ${error.message}\n`);
    return { task, line, expected, answer: '', right: false, error: error.toJSON() };
  }
}

async function answerTo(
  model: VisionLanguageModel,
  messages: Parameters<VisionLanguageModel['generate']>[0],
  options: GenerateOptions,
): Promise<string> {
  for await (const event of model.generate(messages, options)) {
    if (event.type !== 'end') continue;
    if (event.finishReason === 'aborted') throw interrupted();
    return event.text;
  }
  throw new VistazoError('internal', 'The model ended without an answer; please try again.');
}

function print(results: Result[], flags: EvalFlags): void {
  const scores = scoresOf(results);
  if (flags.json) {
    const details = flags.details ? { details: results } : {};
    process.stdout.write(`${JSON.stringify({ ...scores, ...details })}\n`);
    return;
  }
  if (flags.details) process.stdout.write(`${results.map(detailLine).join('\n')}\n\n`);
  process.stdout.write(`${table(scores)}\n`);
}

function detailLine({ line, task, expected, answer, right }: Result): string {
  const mark = right ? colours.green('right') : colours.red('wrong');
  return `${line}  ${mark}  ${task}  expected ${JSON.stringify(expected)}  got ${JSON.stringify(answer)}`;
}

function table(scores: Scores): string {
  const rows = [...Object.entries(scores.tasks), ['all', scores] as const];
  const width = Math.max(...rows.map(([task]) => task.length));
  return rows
    .map(
      ([task, { right, of }]) =>
        `${task.padEnd(width)}  ${((100 * right) / of).toFixed(1).padStart(5)} %  ${right}/${of}`,
    )
    .join('\n');
}
