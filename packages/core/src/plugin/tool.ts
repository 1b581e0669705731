import type { z } from 'zod';
import { VistazoError } from '../errors.js';
import type { ToolDescription } from '../generation/tool-use.js';
import { zodToJsonSchema } from '../generation/zod-to-json-schema.js';
import type { PluginMessage } from './plugin-message.js';

/** A tool call on its way. */
export interface ToolContext<Config = unknown> extends PluginMessage<Config> {
  /**
   * The same whenever this call of this answer is made again, as after a death of the process: a tool
   * that must do something once does it once for each key.
   */
  readonly callKey: string;
}

/**
 * Something that the model may do while it answers, where it can call tools and the bot's policy
 * allows it. It is done at least once: see {@link ToolContext.callKey}.
 */
export interface ToolDefinition<Schema extends z.ZodObject, Config = unknown> {
  /** Letters, digits, `_` and `-`, at most 64; unique among the plugins of a bot. */
  name: string;
  /** What it does and when to call it, for the model. */
  description: string;
  /** What it is called with; the model's input is checked against it. */
  input: Schema;
  /** Gives what the model is told: a text, or a value that JSON can say. Of long ones it sees the beginning. */
  run(input: z.output<Schema>, context: ToolContext<Config>): unknown;
}

/** A tool without its types, as the host keeps it. @internal */
export interface Tool {
  description: ToolDescription;
  /** Throws {@link BadToolInput} before anything is done where the input is not as the tool wants it. */
  run(input: unknown, context: ToolContext): Promise<unknown>;
}

/** The input of a tool that the model is told to mend. @internal */
export class BadToolInput extends Error {}

const namePattern = /^[\w-]{1,64}$/;

/** Throws `plugin.invalid` when it cannot be offered to a model. @internal */
export function toTool<Schema extends z.ZodObject>(
  plugin: string,
  { name, description, input, run }: ToolDefinition<Schema>,
): Tool {
  if (!namePattern.test(name)) {
    throw new VistazoError(
      'plugin.invalid',
      `The tool ${JSON.stringify(name)} of the plugin ${plugin} is not valid: its name must have letters, digits, _ and -, at most 64.`,
    );
  }
  return {
    description: { name, description, inputSchema: jsonSchemaOf(plugin, name, input) },
    async run(given, context) {
      const parsed = input.safeParse(given);
      if (parsed.success) return run(parsed.data, context);
      const [issue] = parsed.error.issues;
      throw new BadToolInput(`${issue?.path.join('.') || 'the whole'}: ${issue?.message}`);
    },
  };
}

function jsonSchemaOf(plugin: string, name: string, input: z.ZodObject): Record<string, unknown> {
  try {
    return zodToJsonSchema(input);
  } catch (cause) {
    throw new VistazoError(
      'plugin.invalid',
      `The input of the tool ${name} of the plugin ${plugin} cannot be written as JSON Schema: ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
  }
}
