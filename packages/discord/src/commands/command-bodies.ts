import { type CommandDescription, type CommandOption, VistazoError } from '@vistazo/core';
import {
  commandTitle,
  isForMessages,
  ownCommandOf,
  slashCommands,
} from '@vistazo/core/adapter-kit';
import {
  type APIApplicationCommandOption,
  ApplicationCommandOptionType,
  ApplicationCommandType,
  ApplicationIntegrationType,
  InteractionContextType,
  type RESTPutAPIApplicationCommandsJSONBody,
} from 'discord.js';
import { localized, say } from '../language.js';

type CommandBody = RESTPutAPIApplicationCommandsJSONBody[number];

/** Names of the options that the adapter adds to those of a command. */
export const pictureOptions = ['picture', 'picture-2', 'picture-3', 'picture-4'] as const;
export const privateOption = 'private';

/** Discord takes no more options, and no more commands on messages. */
const maxOptions = 25;
const maxMessageCommands = 5;

/** Everywhere: in servers that installed the bot, and for people who installed it for themselves. */
const everywhere = {
  integration_types: [
    ApplicationIntegrationType.GuildInstall,
    ApplicationIntegrationType.UserInstall,
  ],
  contexts: [
    InteractionContextType.Guild,
    InteractionContextType.BotDM,
    InteractionContextType.PrivateChannel,
  ],
};

/**
 * All commands as Discord takes them: those of plugins and its own with a slash, and on messages those that
 * need nothing but pictures. Throws `option.invalid` for a command that Discord cannot have.
 */
export function commandBodies(commands: readonly CommandDescription[]): CommandBody[] {
  const onMessages = commands
    .filter(isForMessages)
    .map(({ name }) => messageBody(commandTitle(name), undefined));
  const own = [
    messageBody(say('askAbout', 'en'), localized('askAbout')),
    messageBody(say('describe', 'en'), localized('describe')),
  ];
  return [
    ...slashCommands(commands).map(slashBody),
    ...[...own, ...onMessages].slice(0, maxMessageCommands),
  ];
}

/** The command of a plugin that is called on a message by this name. */
export function commandOnMessages(
  title: string,
  commands: readonly CommandDescription[],
): CommandDescription | undefined {
  return commands.filter(isForMessages).find(({ name }) => commandTitle(name) === title);
}

function messageBody(
  name: string,
  name_localizations: Record<string, string> | undefined,
): CommandBody {
  return {
    type: ApplicationCommandType.Message,
    name,
    ...(name_localizations !== undefined && { name_localizations }),
    ...everywhere,
  };
}

function slashBody(command: CommandDescription): CommandBody {
  const own = ownCommandOf(command);
  const isAnswered = own === undefined || own.does === 'ask' || own.does === 'describe';
  const options = [
    ...command.options.map((option) => optionBody(option, own !== undefined)),
    ...pictureBodies(command.pictures),
    ...(isAnswered ? [privateBody] : []),
  ].toSorted((a, b) => Number(b.required ?? false) - Number(a.required ?? false));
  requireDistinct(command, options);
  return {
    type: ApplicationCommandType.ChatInput,
    name: command.name,
    description: command.description,
    ...(own !== undefined && {
      name_localizations: localized(own.name),
      description_localizations: localized(own.about),
    }),
    options,
    ...everywhere,
  };
}

function optionBody(option: CommandOption, isOwn: boolean): APIApplicationCommandOption {
  const { name, required, choices = [], min, max } = option;
  const about = {
    name,
    description: option.description.slice(0, 100) || name,
    required,
    ...(isOwn && {
      name_localizations: localized('questionName'),
      description_localizations: localized('questionDescription'),
    }),
  };
  const bounds = {
    ...(min !== undefined && { min_value: min }),
    ...(max !== undefined && { max_value: max }),
  };
  switch (option.type) {
    case 'boolean':
      return { ...about, type: ApplicationCommandOptionType.Boolean };
    case 'string':
      return {
        ...about,
        type: ApplicationCommandOptionType.String,
        ...(choices.length > 0
          ? { choices: choices.map((value) => ({ name: value, value })) }
          : {
              ...(min !== undefined && { min_length: min }),
              ...(max !== undefined && { max_length: Math.min(max, 6000) }),
            }),
      };
    case 'integer':
      return { ...about, type: ApplicationCommandOptionType.Integer, ...bounds };
    case 'number':
      return { ...about, type: ApplicationCommandOptionType.Number, ...bounds };
  }
}

function pictureBodies(pictures: CommandDescription['pictures']): APIApplicationCommandOption[] {
  if (pictures === 'none') return [];
  return pictureOptions.map((name, index) => ({
    type: ApplicationCommandOptionType.Attachment,
    name,
    name_localizations: localized('pictureName', name.slice(say('pictureName', 'en').length)),
    description: say('pictureDescription', 'en'),
    description_localizations: localized('pictureDescription'),
    required: pictures === 'required' && index === 0,
  }));
}

const privateBody: APIApplicationCommandOption = {
  type: ApplicationCommandOptionType.Boolean,
  name: privateOption,
  name_localizations: localized('privateName'),
  description: say('privateDescription', 'en'),
  description_localizations: localized('privateDescription'),
};

function requireDistinct(
  { name }: CommandDescription,
  options: readonly APIApplicationCommandOption[],
): void {
  const inSpanish = options.map((option) => option.name_localizations?.['es-ES'] ?? option.name);
  const double = firstDouble(options.map((option) => option.name)) ?? firstDouble(inSpanish);
  if (double !== undefined) {
    throw new VistazoError(
      'option.invalid',
      `The command /${name} has an option ${double}, which is one of Discord's own here; give it another name.`,
    );
  }
  if (options.length > maxOptions) {
    throw new VistazoError(
      'option.invalid',
      `The command /${name} has ${options.length} options with those for pictures; Discord takes ${maxOptions}.`,
    );
  }
}

function firstDouble(names: readonly string[]): string | undefined {
  return names.find((each, index) => names.indexOf(each) !== index);
}
