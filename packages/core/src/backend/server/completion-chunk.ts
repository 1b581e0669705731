import { z } from 'zod';
import { failureOf } from './classify-error.js';
import { isError, readError } from './server-error.js';
import { ServerFailure } from './server-failure.js';

/** What a server says of an answer, piece by piece. */
export type CompletionPiece =
  | { type: 'text'; text: string }
  | ({ type: 'toolCall' } & ToolCallPart)
  | { type: 'finish'; reason: string }
  /** Counts that the server does not give are absent. */
  | { type: 'usage'; promptTokens?: number; answerTokens?: number; reusedTokens?: number }
  /** The server said that nothing more comes. */
  | { type: 'done' };

/** A part of a call, or all of it; see `GrowingCalls`. */
export interface ToolCallPart {
  /** Undefined where the server gives none. */
  index: number | undefined;
  /** Empty where the server gives none, as for name and input. */
  id: string;
  name: string;
  input: string;
}

/** A field that is not as expected carries nothing; what else the event has still counts. */
const optional = <Schema extends z.ZodType>(schema: Schema) => schema.optional().catch(undefined);

const textSchema = optional(
  z.union([z.string(), z.array(optional(z.object({ text: optional(z.string()) })))]),
);

const functionFields = {
  name: optional(z.string()),
  // Some servers send what is to be JSON as the value itself.
  arguments: optional(z.union([z.string(), z.record(z.string(), z.unknown())])),
};
const toolCallSchema = z.object({
  index: optional(z.number().int().nonnegative()),
  id: optional(z.union([z.string(), z.number().transform(String)])),
  function: optional(z.object(functionFields)),
  ...functionFields,
});

const messageSchema = optional(
  z.object({
    content: textSchema,
    refusal: optional(z.string()),
    tool_calls: optional(
      z.union([z.array(optional(toolCallSchema)), toolCallSchema.transform((call) => [call])]),
    ),
    function_call: optional(z.object(functionFields)),
  }),
);

const choiceSchema = z.object({
  index: optional(z.number()),
  /** Of a stream. */
  delta: messageSchema,
  /** Of an answer that comes as a whole. */
  message: messageSchema,
  /** OpenRouter. */
  error: z.unknown().optional(),
  finish_reason: optional(
    z.union([z.string(), z.object({ type: z.string() }).transform(({ type }) => type)]),
  ),
});

const count = optional(z.number().int().positive());
const chunkSchema = z.object({
  choices: optional(z.array(optional(choiceSchema))),
  usage: optional(
    z.object({
      prompt_tokens: count,
      completion_tokens: count,
      prompt_tokens_details: optional(z.object({ cached_tokens: count })),
    }),
  ),
});

/** What an event carries, often nothing. Throws a {@link ServerFailure} for an error. @internal */
export function* piecesOf(event: unknown): Generator<CompletionPiece> {
  if (!isRecord(event)) return;
  if (isError(event)) throw failureOf(readError(event));
  const { choices = [], usage } = chunkSchema.parse(event);
  const choice = choices.find((each) => (each?.index ?? 0) === 0);
  if (isRecord(choice) && isError({ error: choice.error })) throw failureOf(readError(choice));
  if (choice !== undefined) yield* piecesOfMessage(choice.delta ?? choice.message);
  const reason = choice?.finish_reason ?? '';
  if (reason !== '' && reason !== 'null') yield { type: 'finish', reason };
  if (usage === undefined) return;
  const { prompt_tokens, completion_tokens, prompt_tokens_details } = usage;
  yield {
    type: 'usage',
    ...(prompt_tokens !== undefined && { promptTokens: prompt_tokens }),
    ...(completion_tokens !== undefined && { answerTokens: completion_tokens }),
    ...(prompt_tokens_details?.cached_tokens !== undefined && {
      reusedTokens: prompt_tokens_details.cached_tokens,
    }),
  };
}

/** What an answer carries that a server gave as a whole though a stream was asked for. @internal */
export function* piecesOfWhole(answer: unknown): Generator<CompletionPiece> {
  const isAnswer = isRecord(answer) && (isError(answer) || Array.isArray(answer.choices));
  if (!isAnswer) throw new ServerFailure('notCompletion');
  yield* piecesOf(answer);
  yield { type: 'done' };
}

function* piecesOfMessage(message: z.infer<typeof messageSchema>): Generator<CompletionPiece> {
  const { content, refusal = '', tool_calls = [], function_call } = message ?? {};
  const text = `${textOf(content)}${refusal}`;
  if (text !== '') yield { type: 'text', text };
  for (const call of tool_calls) {
    if (call === undefined) continue;
    const { name = call.name, arguments: input = call.arguments } = call.function ?? {};
    yield { ...partOf({ name, input }), index: call.index, id: call.id ?? '' };
  }
  if (function_call !== undefined) {
    const { name, arguments: input } = function_call;
    yield partOf({ name, input });
  }
}

function partOf(given: {
  name: string | undefined;
  input: string | Record<string, unknown> | undefined;
}): Extract<CompletionPiece, { type: 'toolCall' }> {
  const { name = '', input = '' } = given;
  const written = typeof input === 'string' ? input : JSON.stringify(input);
  return { type: 'toolCall', index: undefined, id: '', name, input: written };
}

function textOf(content: z.infer<typeof textSchema>): string {
  if (content === undefined || typeof content === 'string') return content ?? '';
  return content.map((part) => part?.text ?? '').join('');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
