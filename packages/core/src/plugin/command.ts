import { z } from 'zod';
import type { CommandDescription, CommandOption } from '../adapter/command-description.js';
import type { CommandCall } from '../adapter/platform-event.js';
import { VistazoError } from '../errors.js';
import { zodToJsonSchema } from '../generation/zod-to-json-schema.js';
import type { PluginMessage } from './plugin-message.js';
import type { Reply } from './reply-options.js';

/** Options of a command: an object of strings, numbers, booleans and enumerations. */
export type OptionsSchema = z.ZodObject;

/** A command on its way. */
export interface CommandContext<Options, Config = unknown> extends PluginMessage<Config> {
  /** As the command's schema made them. */
  readonly options: Options;
  /** Answers; the first reply counts. Without one, and without `ask`, the person is told `Done.` */
  reply: Reply;
  /** Lets the model answer the message, with these instructions if there are any. */
  ask(instructions?: string): void;
}

/**
 * A command, defined once for all platforms: where they have commands, it becomes one of theirs, with
 * its options; elsewhere people write `/name key=value`.
 */
export interface CommandDefinition<Schema extends OptionsSchema, Config = unknown> {
  /** Small letters, digits and hyphens, a letter first, at most 32; unique among the plugins of a bot. */
  name: string;
  /** What it does, in one sentence of at most 100 characters. */
  description: string;
  /** What can be said with it. Default nothing. Each option's `describe` is shown to people. */
  options?: Schema;
  /** Whether it is about pictures. Default `none`. */
  pictures?: CommandDescription['pictures'];
  run(context: CommandContext<z.output<Schema>, Config>): void | Promise<void>;
}

/** A command without its types, as the host keeps it. @internal */
export interface Command {
  description: CommandDescription;
  /** Replies what is wrong where the call is not as the command wants it. */
  run(call: CommandCall, context: Omit<CommandContext<unknown>, 'options'>): Promise<void>;
}

const nameSchema = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/);
const sentenceSchema = z.string().min(1).max(100);

/** Of JSON Schema, what options can be. */
const propertySchema = z.object({
  type: z.enum(['string', 'number', 'integer', 'boolean']),
  description: z.string().max(100).optional(),
  enum: z.array(z.string()).max(25).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
});
const objectSchema = z.object({
  properties: z.record(nameSchema, propertySchema),
  required: z.array(z.string()).default([]),
});

/** Throws `plugin.invalid` when the command cannot be made known to a platform. @internal */
export function toCommand<Schema extends OptionsSchema>(
  plugin: string,
  definition: CommandDefinition<Schema>,
): Command {
  const { name, options, pictures = 'none' } = definition;
  const invalid = (fault: string) =>
    new VistazoError(
      'plugin.invalid',
      `The command ${JSON.stringify(name)} of the plugin ${plugin} is not valid: ${fault}.`,
    );
  if (!nameSchema.safeParse(name).success)
    throw invalid(
      'its name must have small letters, digits and hyphens, a letter first, at most 32',
    );
  if (!sentenceSchema.safeParse(definition.description).success)
    throw invalid('its description must have 1 to 100 characters');
  const description = {
    name,
    description: definition.description,
    pictures,
    options: options === undefined ? [] : optionsOf(options, invalid),
  };
  return {
    description,
    run: async (call, context) => {
      const given = (options ?? z.object({})).strict().safeParse(typed(call, description.options));
      if (!given.success) return context.reply(badOption(name, given.error));
      if (pictures === 'required' && context.pictures.length === 0)
        return context.reply(`The command /${name} needs a picture; attach one.`);
      // What its own schema made is of the schema's output type.
      await definition.run({ ...context, options: given.data as z.output<Schema> });
    },
  };
}

function optionsOf(
  options: OptionsSchema,
  invalid: (fault: string) => VistazoError,
): CommandOption[] {
  const parsed = objectSchema.safeParse(jsonSchemaOf(options, invalid));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(
      `its options must be strings, numbers, booleans and enumerations with names such as "max-size": ${issue?.path.slice(1).join('.')}: ${issue?.message}`,
    );
  }
  const { properties, required } = parsed.data;
  return Object.entries(properties).map(([name, property]) => {
    const min = property.minimum ?? property.minLength;
    const max = property.maximum ?? property.maxLength;
    return {
      name,
      description: property.description ?? name,
      type: property.type,
      required: required.includes(name),
      ...(property.enum !== undefined && { choices: property.enum }),
      ...(min !== undefined && { min }),
      ...(max !== undefined && { max }),
    };
  });
}

function jsonSchemaOf(options: OptionsSchema, invalid: (fault: string) => VistazoError): unknown {
  try {
    return zodToJsonSchema(options);
  } catch (cause) {
    throw invalid(
      `its options cannot be written as JSON Schema: ${cause instanceof Error ? cause.message : cause}`,
    );
  }
}

/** Where options are written as text, numbers and booleans are meant by what says so. */
function typed(
  { options }: CommandCall,
  described: readonly CommandOption[],
): CommandCall['options'] {
  const types = new Map(described.map(({ name, type }) => [name, type]));
  const entries = Object.entries(options).map(
    ([name, value]): [string, string | number | boolean] => {
      const type = types.get(name);
      if (typeof value !== 'string' || type === undefined || type === 'string')
        return [name, value];
      if (type === 'boolean')
        return [
          name,
          /^(true|yes|on)$/i.test(value) || (/^(false|no|off)$/i.test(value) ? false : value),
        ];
      const number = Number(value);
      return [name, value.trim() === '' || Number.isNaN(number) ? value : number];
    },
  );
  return Object.fromEntries(entries);
}

function badOption(name: string, error: z.ZodError): string {
  const [issue] = error.issues;
  const place = issue?.path.join('.');
  const option = place ? `The option ${place} of /${name}` : `An option of /${name}`;
  return `${option} is not right: ${issue?.message}.`;
}
