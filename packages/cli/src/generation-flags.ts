import { readFileSync } from 'node:fs';
import { type GenerationOptions, generationOptionsSchema, VistazoError } from '@vistazo/core';
import { type Command, InvalidArgumentError, Option } from 'commander';

/** Adds the flags that say how an answer is generated; read them with {@link generationOptionsOf}. */
export function withGenerationFlags(command: Command): Command {
  return command
    .option('--sample', 'sample instead of taking the likeliest token')
    .option('--temperature <number>', 'divides the logits, above 0', numberArgument)
    .option('--top-k <count>', 'keep the k likeliest tokens, 0 keeps all', numberArgument)
    .option(
      '--top-p <share>',
      'keep the likeliest tokens that add up to p, up to 1',
      numberArgument,
    )
    .option(
      '--min-p <share>',
      'drop tokens less likely than this share of the likeliest',
      numberArgument,
    )
    .option('--repetition-penalty <number>', 'above 1 discourages repetition', numberArgument)
    .option('--max-new-tokens <count>', 'most tokens of the answer', numberArgument)
    .option('--seed <number>', 'seed of the sampler', numberArgument)
    .option('--json-schema <file>', 'a JSON Schema that the answer must follow', schemaArgument)
    .option('--deadline-ms <milliseconds>', 'end the answer after this time', numberArgument)
    .addOption(
      new Option('--stop <text>', 'end the answer at this text (repeatable)').argParser(collect),
    );
}

function numberArgument(value: string): number {
  const number = Number(value);
  if (value.trim() !== '' && Number.isFinite(number)) return number;
  throw new InvalidArgumentError('It is not a number.');
}

function schemaArgument(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    throw new InvalidArgumentError('It is not a file with JSON in it.');
  }
}

function collect(value: string, previous: string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

const flagOfField: Record<keyof GenerationOptions, string> = {
  doSample: 'sample',
  temperature: 'temperature',
  topK: 'topK',
  topP: 'topP',
  minP: 'minP',
  repetitionPenalty: 'repetitionPenalty',
  stopStrings: 'stop',
  maxNewTokens: 'maxNewTokens',
  seed: 'seed',
  jsonSchema: 'jsonSchema',
  deadlineMs: 'deadlineMs',
};

/** The generation options given as flags. Throws `option.invalid` when one is out of range. */
export function generationOptionsOf(flags: Record<string, unknown>): GenerationOptions {
  const given = Object.entries(flagOfField)
    .filter(([, flag]) => flags[flag] !== undefined)
    .map(([field, flag]) => [field, flags[flag]]);
  const parsed = generationOptionsSchema.safeParse(Object.fromEntries(given));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new VistazoError(
    'option.invalid',
    `The option ${flagName(issue?.path[0])} is not valid: ${issue?.message}. See vistazo ask --help.`,
  );
}

function flagName(field: PropertyKey | undefined): string {
  const flag = Object.entries(flagOfField).find(([name]) => name === field)?.[1] ?? String(field);
  return `--${flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
