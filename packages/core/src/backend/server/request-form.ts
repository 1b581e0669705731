import type { GenerationOptions } from '../../generation/generation-options.js';
import type { ServerError } from './server-error.js';

/**
 * How a request differs from what most servers take, for one that refused a part of it:
 * - `maxCompletionTokens`: the length under its new name, as reasoning models of OpenAI need it;
 * - `usualTemperature`: none is sent, where none was asked for;
 * - `unstreamed`: the answer comes at once, for models that are not streamed to everybody;
 * - `noUsage`: token counts are not asked for;
 * - `ownStops`: stop strings are not sent; the answer is ended here;
 * - `looseSchema`: the schema is not held to strictly, as OpenAI does it for a few kinds of schemas only;
 * - `systemAsUser`: system messages stand at the beginning of the person's, for templates without that role;
 * - `mergedTurns`: messages that follow each other with the same role are one.
 */
export type Adjustment =
  | 'maxCompletionTokens'
  | 'usualTemperature'
  | 'unstreamed'
  | 'noUsage'
  | 'ownStops'
  | 'looseSchema'
  | 'systemAsUser'
  | 'mergedTurns';

const unknownPart =
  /unsupported|not supported|(does not|doesn't|not) support|unrecogni[sz]ed|unknown|unexpected|not permitted|not allowed|extra_forbidden|deprecated/i;
const unfitValue =
  /only the default|must be|should be|greater than|strictly positive|out of range|valid range|too (large|big|high)/i;

const tooManyStops = /array (is )?too long|maximum length|at most|too many/i;

/** Each with what a server says that needs it. */
const needs: readonly [Adjustment, (error: ServerError) => boolean][] = [
  [
    'maxCompletionTokens',
    (error) =>
      names(error, 'max_tokens') &&
      (says(error, unknownPart) || names(error, 'max_completion_tokens')),
  ],
  [
    'usualTemperature',
    (error) => names(error, 'temperature') && (says(error, unknownPart) || says(error, unfitValue)),
  ],
  [
    'ownStops',
    (error) => names(error, 'stop') && (says(error, unknownPart) || says(error, tooManyStops)),
  ],
  ['noUsage', (error) => names(error, 'stream_options') || names(error, 'include_usage')],
  [
    'unstreamed',
    (error) =>
      names(error, 'stream(ing)?') && (says(error, unknownPart) || says(error, /verified/i)),
  ],
  [
    'looseSchema',
    (error) =>
      names(error, 'response_format') && says(error, /invalid schema|strict|additionalProperties/i),
  ],
  [
    'systemAsUser',
    (error) =>
      says(error, /system['"`]? (role|message|prompt)|['"`]system['"`]/i) &&
      (says(error, unknownPart) || says(error, unfitValue)),
  ],
  ['mergedTurns', (error) => says(error, /roles? must alternate|must alternate between/i)],
];

/** The generation options by the names that servers know them by. */
const optionNames: readonly [parameter: string, option: keyof GenerationOptions][] = [
  ['temperature', 'temperature'],
  ['top_p', 'topP'],
  ['top_k', 'topK'],
  ['min_p', 'minP'],
  ['repetition_penalty', 'repetitionPenalty'],
  ['repeat_penalty', 'repetitionPenalty'],
  ['seed', 'seed'],
  ['stop', 'stopStrings'],
  ['max_tokens', 'maxNewTokens'],
  ['max_completion_tokens', 'maxNewTokens'],
  ['response_format', 'jsonSchema'],
];

/** What another form of the request may do about a refusal; undefined for nothing. @internal */
export function adjustmentFor(
  error: ServerError,
  possible: (adjustment: Adjustment) => boolean,
): Adjustment | undefined {
  return needs.find(([adjustment, isNeeded]) => possible(adjustment) && isNeeded(error))?.[0];
}

/** Which of the options that were given a server refuses; undefined where it names none. @internal */
export function refusedOption(error: ServerError, given: GenerationOptions): string | undefined {
  const isOfOption = says(error, unknownPart) || says(error, unfitValue) || error.parameter !== '';
  if (!isOfOption) return undefined;
  const refused = optionNames.find(
    ([parameter, option]) => given[option] !== undefined && names(error, parameter),
  );
  return refused?.[1];
}

function names({ parameter, message }: ServerError, name: string): boolean {
  return new RegExp(`(^|[^a-z_])${name}([^a-z_]|$)`, 'i').test(`${parameter} ${message}`);
}

function says({ kind, message }: ServerError, pattern: RegExp): boolean {
  return pattern.test(`${kind} ${message}`);
}
