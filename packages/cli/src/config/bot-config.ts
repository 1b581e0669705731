import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  type Adapter,
  type BotOptions,
  generationOptionsSchema,
  type Plugin,
  VistazoError,
} from '@vistazo/core';
import { z } from 'zod';

/** What {@link loadBotConfig} looks for where no file is named. */
export const usualConfigFile = 'bot.config.js';

const pluginSchema = z.custom<Plugin>(
  (value) => typeof value === 'object' && value !== null && 'setup' in value && 'name' in value,
  {
    error: ({ input }) =>
      typeof input === 'function'
        ? 'it is a function; call it with its configuration, such as triage({})'
        : 'it is no plugin; use what a call of definePlugin gave, such as triage({})',
  },
);
const adapterSchema = z.custom<Adapter>(
  (value) => typeof value === 'object' && value !== null && 'start' in value && 'post' in value,
  'it is no adapter; use an object such as those that the packages of platforms make',
);
/** `createBot` checks what is in these. */
const object = <Option extends keyof BotOptions>() =>
  z.custom<NonNullable<BotOptions[Option]>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'it must be an object',
  );
const word = <Option extends keyof BotOptions>() =>
  z.custom<NonNullable<BotOptions[Option]>>(
    (value) => typeof value === 'string',
    'it must be text',
  );

/** What a config file says of a bot. */
export type BotConfig = Pick<
  BotOptions,
  | 'systemMessage'
  | 'generation'
  | 'limits'
  | 'keepDays'
  | 'links'
  | 'tools'
  | 'whileBusy'
  | 'dataRule'
  | 'namePictures'
  | 'log'
> & { plugins: readonly Plugin[]; adapters: readonly Adapter[] };

const botConfigSchema = z.strictObject({
  /** In the order in which they see messages. Default none. */
  plugins: z.array(pluginSchema).default([]),
  /** Platforms that it is on besides. Default none. */
  adapters: z.array(adapterSchema).default([]),
  /** Of new conversations. Default none. */
  systemMessage: z.string().min(1).exactOptional(),
  /** How answers are generated. Default: as the model says. */
  generation: generationOptionsSchema.exactOptional(),
  /** See `BotLimits`. */
  limits: object<'limits'>().exactOptional(),
  /** How many days messages are kept; null for ever. Default 30. */
  keepDays: z.number().positive().nullable().exactOptional(),
  /** Which tools of plugins the model may call. Default none. */
  tools: object<'tools'>().exactOptional(),
  /** Where it logs. Default: the standard error output. */
  log: object<'log'>().exactOptional(),
  /** See `BotOptions`, as the next three. */
  links: word<'links'>().exactOptional(),
  whileBusy: word<'whileBusy'>().exactOptional(),
  dataRule: z.string().nullable().exactOptional(),
  namePictures: z.boolean().exactOptional(),
});

/**
 * Loads the bot that a module describes in its default export. Throws `file.unreadable` when it is not
 * there, `option.invalid` when it is not valid, and what it throws itself.
 */
export async function loadBotConfig(file: string): Promise<BotConfig> {
  const path = resolve(file);
  if (!existsSync(path)) {
    throw new VistazoError(
      'file.unreadable',
      `There is no config file ${file}; name it with --config. It is a module such as export default { plugins: [] }.`,
    );
  }
  return checked(file, await importFrom(pathToFileURL(path), file));
}

async function importFrom(url: URL, file: string): Promise<object> {
  try {
    return await import(url.href);
  } catch (cause) {
    if (cause instanceof VistazoError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new VistazoError(
      'option.invalid',
      `The config file ${file} cannot be loaded: ${reason}`,
      {
        cause,
      },
    );
  }
}

function checked(file: string, module: object): BotConfig {
  const given: unknown = 'default' in module ? module.default : undefined;
  const parsed = botConfigSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new VistazoError(
    'option.invalid',
    `The config file ${file} is not valid: ${faultIn(parsed.error, given)}.`,
  );
}

function faultIn(error: z.ZodError, given: unknown): string {
  if (typeof given !== 'object' || given === null)
    return 'its default export must be an object, such as export default { plugins: [] }';
  const [issue] = error.issues;
  if (issue?.code === 'unrecognized_keys')
    return `it has no option ${issue.keys.join(', ')}; there are ${Object.keys(botConfigSchema.shape).join(', ')}`;
  const place = (issue?.path ?? []).map((key) =>
    typeof key === 'number' ? `[${key}]` : `.${String(key)}`,
  );
  return `${place.join('').replace(/^\./, '')}: ${issue?.message}`;
}
