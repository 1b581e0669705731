import { z } from 'zod';
import { replyActionSchema } from '../../adapter/reply-action.js';
import { imageIdSchema } from '../../conversation/chat-message.js';
import { type ErrorCode, isErrorCode } from '../../errors.js';
import { generationOptionsSchema } from '../../generation/generation-options.js';
import type { FromPlugin } from './protocol.js';

/** Longest text that is said to people or the model. */
const maxTextLength = 100_000;
/** Longest name, key or sentence for operators; the places that take them allow less. */
const maxLineLength = 10_000;
const maxItems = 1000;

const id = z.int().nonnegative();
const line = z.string().max(maxLineLength);
const text = z.string().max(maxTextLength);
const object = z.record(line, z.unknown());
const actions = z.array(replyActionSchema).max(maxItems).readonly().exactOptional();

const errorSchema = z.object({
  code: line.transform((code): ErrorCode => (isErrorCode(code) ? code : 'internal')),
  message: text,
});

const optionSchema = z.strictObject({
  name: line,
  description: line,
  type: z.enum(['string', 'number', 'integer', 'boolean']),
  required: z.boolean(),
  choices: z.array(line).max(maxItems).exactOptional(),
  min: z.number().exactOptional(),
  max: z.number().exactOptional(),
});

const handlerSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.enum(['message', 'answer', 'feedback', 'forget', 'prompt', 'start']) }),
  z.strictObject({
    type: z.literal('command'),
    description: z.strictObject({
      name: line,
      description: line,
      options: z.array(optionSchema).max(maxItems),
      pictures: z.enum(['none', 'optional', 'required']),
    }),
  }),
  z.strictObject({
    type: z.literal('tool'),
    description: z.strictObject({ name: line, description: line, inputSchema: object }),
  }),
  z.strictObject({
    type: z.literal('schedule'),
    definition: z.strictObject({
      name: line,
      every: z.union([z.number(), line]),
      timeZone: line.exactOptional(),
      timeoutMs: z.number().exactOptional(),
    }),
  }),
  z.strictObject({
    type: z.literal('route'),
    method: z.enum(['GET', 'POST', 'PUT', 'DELETE']),
    path: line,
  }),
]);

const generateSchema = z.strictObject({
  ...generationOptionsSchema.omit({ jsonSchema: true, stopStrings: true }).partial().shape,
  prompt: text.exactOptional(),
  pictures: z.array(imageIdSchema).max(maxItems).exactOptional(),
  instructions: text.exactOptional(),
  history: z.boolean().exactOptional(),
});

const questionSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('next') }),
  z.strictObject({
    type: z.literal('generate'),
    options: generateSchema,
    jsonSchema: object.exactOptional(),
  }),
  z.strictObject({ type: z.enum(['picture', 'perceptualHash']), number: id }),
  z.strictObject({
    type: z.literal('announce'),
    announcement: z.object({
      adapter: line,
      tenant: line,
      conversationKey: line,
      text,
      key: line,
      actions,
    }),
  }),
  z.strictObject({
    type: z.literal('log'),
    level: z.enum(['debug', 'info', 'warn', 'error']),
    fields: z.looseObject({}),
    message: line,
    about: z.array(z.looseObject({})).max(maxItems),
  }),
  z.strictObject({
    type: z.literal('measure'),
    metric: z.enum(['counter', 'gauge', 'histogram']),
    name: line,
    help: line,
    value: z.number().exactOptional(),
    buckets: z.array(z.number()).max(maxItems).exactOptional(),
  }),
  z.strictObject({ type: z.enum(['get', 'delete']), tenant: line, key: line }),
  z.strictObject({
    type: z.enum(['set', 'add']),
    tenant: line,
    key: line,
    value: z.unknown(),
  }),
  z.strictObject({
    type: z.literal('keys'),
    tenant: line,
    prefix: z.union([line, z.undefined()]),
  }),
]);

const effectsSchema = z.strictObject({
  replies: z.array(z.strictObject({ text, actions })).max(maxItems),
  instructions: z.array(text).max(maxItems),
  isForModel: z.boolean(),
  text: text.exactOptional(),
});

/** What the process of a plugin may send: nothing else of it is looked at. @internal */
export const fromPluginSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ready'), handlers: z.array(handlerSchema).max(maxItems) }),
  z.strictObject({ type: z.literal('failed'), error: errorSchema }),
  z.strictObject({ type: z.literal('pong') }),
  z.strictObject({
    type: z.literal('ask'),
    question: id,
    asked: questionSchema,
    call: id.exactOptional(),
    effects: effectsSchema.exactOptional(),
  }),
  z.strictObject({
    type: z.literal('done'),
    id,
    effects: effectsSchema,
    result: z.unknown().optional(),
    error: errorSchema.exactOptional(),
  }),
]);

/** The schema and the types of the protocol say the same. */
export function parseFromPlugin(message: unknown): FromPlugin | undefined {
  return fromPluginSchema.safeParse(message).data;
}
