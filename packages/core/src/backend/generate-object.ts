import type { z } from 'zod';
import type { ChatMessage } from '../conversation/chat-message.js';
import { VistazoError } from '../errors.js';
import type { GenerationEvent } from '../generation/generation-event.js';
import type { GenerationOptions } from '../generation/generation-options.js';
import type { ModelCallOptions, VisionLanguageModel } from './vision-language-model.js';
import { type HeldSchema, zodToHeldSchema } from './zod-held-schema.js';

/** Options of {@link generateObject}: what the value is like, and how it is generated. */
export type ObjectOptions<Schema extends z.ZodType> = Omit<
  GenerationOptions,
  'jsonSchema' | 'stopStrings'
> &
  ModelCallOptions & { schema: Schema };

/** A typed answer, and the end of the answer that it was read from. */
export interface GeneratedObject<Value> {
  value: Value;
  end: Extract<GenerationEvent, { type: 'end' }>;
}

/**
 * Answers `messages` with a value of a zod schema. The local engine lets the model write nothing
 * else; a server is asked to, and what it wrote is checked. The schema is not part of the prompt: the
 * messages say what is wanted. Neither is held to what `refine` and `transform` ask for.
 *
 * Throws `option.unsupported` when the schema cannot be written as JSON Schema or the model cannot be
 * held to it, `answer.invalid` when the answer is no such value, `generation.aborted` and
 * `generation.deadline` when it was stopped before its end.
 */
export async function generateObject<Schema extends z.ZodType>(
  model: VisionLanguageModel,
  messages: readonly ChatMessage[],
  { schema, ...options }: ObjectOptions<Schema>,
): Promise<GeneratedObject<z.output<Schema>>> {
  const jsonSchema = jsonSchemaOf(schema, model);
  for await (const event of model.generate(messages, { ...options, jsonSchema })) {
    if (event.type === 'end') return { value: read(event, schema), end: event };
  }
  throw new VistazoError('internal', 'The answer of the model has no end.');
}

function jsonSchemaOf(schema: z.ZodType, { info }: VisionLanguageModel): Record<string, unknown> {
  // What the model writes is what the schema reads; its defaults and transforms come after.
  const { jsonSchema, unsaid } = heldSchemaOf(schema);
  // What a server writes is checked; a model here is held to what it must write.
  if (unsaid.length === 0 || info.runs === 'server') return jsonSchema;
  throw new VistazoError(
    'option.unsupported',
    `The schema asks for ${unsaid.join(' and ')}, which an answer cannot be held to; use a pattern without flags, or check the value afterwards.`,
  );
}

function heldSchemaOf(schema: z.ZodType): HeldSchema {
  try {
    return zodToHeldSchema(schema);
  } catch (cause) {
    throw new VistazoError(
      'option.unsupported',
      `The schema cannot be written as JSON Schema: ${cause instanceof Error ? cause.message : cause}. Use types that JSON has, and transform them afterwards.`,
      { cause },
    );
  }
}

function read<Schema extends z.ZodType>(
  { text, finishReason }: GeneratedObject<unknown>['end'],
  schema: Schema,
): z.output<Schema> {
  if (finishReason === 'aborted') {
    throw new VistazoError('generation.aborted', 'The answer was stopped before its end.');
  }
  if (finishReason === 'deadline') {
    throw new VistazoError(
      'generation.deadline',
      'The answer was not ready before its deadline; allow more time with deadlineMs.',
    );
  }
  const parsed = schema.safeParse(parseJson(text, finishReason === 'length'));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new VistazoError(
    'answer.invalid',
    `The answer is not of the wanted form: ${[issue?.path.join('.'), issue?.message].filter(Boolean).join(': ')}. Ask again, or relax the schema.`,
  );
}

function parseJson(text: string, isCut: boolean): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new VistazoError(
      'answer.invalid',
      isCut
        ? 'The answer was cut off before it was whole; raise maxNewTokens.'
        : 'The answer is no JSON; the server does not hold its model to a schema.',
      { cause },
    );
  }
}
