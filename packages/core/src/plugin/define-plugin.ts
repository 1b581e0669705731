import { z } from 'zod';
import { VistazoError } from '../errors.js';
import type { PluginContext, PluginDefinition } from './plugin.js';

/** A plugin with its configuration, as a bot takes it. */
export interface Plugin {
  readonly name: string;
  readonly version: string;
  readonly dependsOn: readonly string[];
  /** As its schema made it. @internal */
  readonly config: unknown;
  /** Checks a configuration; throws `plugin.invalid`. @internal */
  parseConfig(given: unknown): unknown;
  /** Where it is loaded from, when it lives in a process of its own. @internal */
  readonly isolation?: { module: string; given: unknown };
  /** Called once by the bot, which supplies the rest of the context. @internal */
  setup(context: Omit<PluginContext<unknown>, 'config'>): void | Promise<void>;
}

const nameSchema = z.string().regex(/^[a-z][a-z0-9-]{0,63}$/);

/**
 * Defines a plugin; what it gives makes the plugin for a configuration:
 * `createBot({ plugins: [greeter({ word: 'Hi' })] })`. Plugins run with all rights of the bot.
 * Throws `plugin.invalid` for a bad name, and later for a bad configuration: a key that an object schema has not is one,
 * unless the schema is `z.looseObject`.
 */
export function definePlugin<Schema extends z.ZodType>(
  definition: PluginDefinition<Schema>,
): (config: z.input<Schema>) => Plugin {
  const { name, version, dependsOn = [] } = definition;
  if (!nameSchema.safeParse(name).success) {
    throw new VistazoError(
      'plugin.invalid',
      `The plugin name ${JSON.stringify(name)} is not valid: small letters, digits and hyphens, a letter first, at most 64.`,
    );
  }
  const schema = withoutUnknownKeys(definition.config);
  const parseConfig = (given: unknown) => {
    const parsed = schema.safeParse(given);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw new VistazoError(
      'plugin.invalid',
      `The configuration of the plugin ${name} is not valid: ${issue?.path.join('.') || 'the whole'}: ${issue?.message}.`,
    );
  };
  return (given) => {
    const config = parseConfig(given);
    return {
      name,
      version,
      dependsOn,
      config,
      parseConfig,
      ...(definition.isolated && { isolation: { module: definition.module, given } }),
      // The host gives handlers what `parseConfig` made, which is of the schema's output type.
      setup: (context) =>
        definition.setup({ ...context, config } as PluginContext<z.output<Schema>>),
    };
  };
}

/** Refuses keys that the schema has not, which are mistyped, unless it says what becomes of them. */
function withoutUnknownKeys(schema: z.ZodType): z.ZodType {
  const isOpen = schema instanceof z.ZodObject && schema.def.catchall === undefined;
  return isOpen ? schema.strict() : schema;
}
