import type {
  RESTPostAPIChatInputApplicationCommandsJSONBody,
  RESTPostAPIContextMenuApplicationCommandsJSONBody,
} from 'discord.js';
import { z } from 'zod';
import { type Fields, isUnique } from './limit-rules.ts';

const locales = <Text extends z.ZodType<string>>(text: Text) =>
  z.record(z.string().regex(/^[a-z]{2}(-[A-Z]{2}|-419)?$/), text).nullish();

/** Of the names, descriptions and values of a command together, each in its longest language. */
const maxCommandLength = 8000;

const slashName = z
  .string()
  .regex(/^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$/u)
  .refine((name) => name === name.toLowerCase(), { message: 'a name in capitals' });
const description = z.string().min(1).max(100);
const choiceText = z.string().min(1).max(100);

/** One of those of an option. */
export const choice = z.strictObject({
  name: choiceText,
  name_localizations: locales(choiceText),
  value: z.union([z.string().max(100), z.number()]),
});
const option = z.strictObject({
  type: z.int().min(3).max(11),
  name: slashName,
  name_localizations: locales(slashName),
  description,
  description_localizations: locales(description),
  required: z.boolean().optional(),
  choices: z.array(choice).max(25).optional(),
  autocomplete: z.boolean().optional(),
  min_value: z.number().optional(),
  max_value: z.number().optional(),
  min_length: z.int().min(0).max(6000).optional(),
  max_length: z.int().min(1).max(6000).optional(),
  channel_types: z.array(z.int()).optional(),
});
const options = z
  .array(option)
  .max(25)
  .refine((all) => namesOf(all).every(isUnique), { message: 'two options of one name' })
  .refine((all) => all.every(({ required }, index) => !required || isRequiredUpTo(all, index)), {
    message: 'a required option after one that is not',
  });

const command = {
  default_member_permissions: z.string().nullish(),
  dm_permission: z.boolean().optional(),
  default_permission: z.boolean().optional(),
  nsfw: z.boolean().optional(),
  integration_types: z.array(z.int().min(0).max(1)).optional(),
  contexts: z.array(z.int().min(0).max(2)).nullish(),
};
const slashCommand = z.strictObject({
  ...command,
  type: z.literal(1).optional(),
  name: slashName,
  name_localizations: locales(slashName),
  description,
  description_localizations: locales(description),
  options: options.optional(),
} satisfies Fields<RESTPostAPIChatInputApplicationCommandsJSONBody>);
const menuName = z.string().min(1).max(32);
const menuCommand = z.strictObject({
  ...command,
  type: z.literal([2, 3]),
  name: menuName,
  name_localizations: locales(menuName),
  description_localizations: z.undefined().optional(),
} satisfies Fields<RESTPostAPIContextMenuApplicationCommandsJSONBody>);
/** In a server there is nothing to choose. */
const inServer = {
  integration_types: z.undefined().optional(),
  contexts: z.undefined().optional(),
};

/** All commands of an application, everywhere or (`isInServer`) in one server. */
const commandsOf = (isInServer: boolean) =>
  z
    .array(
      isInServer
        ? z.union([slashCommand.extend(inServer), menuCommand.extend(inServer)])
        : z.union([slashCommand, menuCommand]),
    )
    .refine((all) => all.every((each) => lengthOf(each) <= maxCommandLength), {
      message: 'a command of more than 8,000 characters',
    })
    .refine((all) => all.filter(({ type = 1 }) => type === 1).length <= 100, {
      message: 'more than 100 slash commands',
    })
    .refine((all) => all.filter(({ type }) => type === 3).length <= 5, {
      message: 'more than 5 commands on messages',
    })
    .refine((all) => isUnique(all.map(({ type = 1, name }) => `${type} ${name}`)), {
      message: 'two commands of one name',
    });

/** The bodies that make all commands known: everywhere, and in one server. */
export const globalCommands = commandsOf(false);
export const serverCommands = commandsOf(true);

/** The names of options in each language that has any. */
function namesOf(all: readonly z.infer<typeof option>[]): string[][] {
  const languages = new Set(all.flatMap((each) => Object.keys(each.name_localizations ?? {})));
  return [
    all.map(({ name }) => name),
    ...[...languages].map((language) =>
      all.map(({ name, name_localizations }) => name_localizations?.[language] ?? name),
    ),
  ];
}

interface Counted {
  name: string;
  name_localizations?: Record<string, string> | null | undefined;
  description?: string | undefined;
  description_localizations?: Record<string, string> | null | undefined;
  value?: string | number;
  options?: readonly Counted[] | undefined;
  choices?: readonly Counted[] | undefined;
}

function lengthOf(counted: Counted): number {
  const longest = (text: string, others: Record<string, string> | null | undefined) =>
    Math.max(text.length, ...Object.values(others ?? {}).map(({ length }) => length));
  const below = [...(counted.options ?? []), ...(counted.choices ?? [])];
  return (
    longest(counted.name, counted.name_localizations) +
    longest(counted.description ?? '', counted.description_localizations) +
    (typeof counted.value === 'string' ? counted.value.length : 0) +
    below.reduce((sum, each) => sum + lengthOf(each), 0)
  );
}

function isRequiredUpTo(
  all: readonly { required?: boolean | undefined }[],
  index: number,
): boolean {
  return all.slice(0, index).every(({ required }) => required === true);
}
