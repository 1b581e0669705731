import { type CommandDescription, VistazoError } from '@vistazo/core';
import { commandTitle, slashCommands } from '@vistazo/core/adapter-kit';

/** A shortcut on messages. */
export interface MessageShortcut {
  callbackId: string;
  /** At most 24 characters, as Slack shows it. */
  title: string;
  description: string;
  /** The command of a plugin that it calls; undefined for the adapter's own. */
  command?: CommandDescription;
}

/** A command that is called with a slash. */
export interface SlashCommand {
  /** With the slash and the prefix. */
  slash: string;
  command: CommandDescription;
  /** What can be written behind it; empty where nothing is. */
  usage: string;
}

/** Limits of Slack's, see https://docs.slack.dev/reference/app-manifest. */
const maxShortcuts = 10;
const maxTitleLength = 24;
const maxAboutLength = 150;
const maxSlashLength = 32;
const maxSlashCommands = 50;

/** Slack's own commands, see https://slack.com/help/articles/201259356. */
const builtIn: readonly string[] = [
  ...['active', 'apps', 'archive', 'away', 'call', 'collapse', 'dm', 'dnd', 'expand', 'feed'],
  ...['feedback', 'invite', 'join', 'keys', 'leave', 'me', 'msg', 'mute', 'open', 'people', 'pro'],
  ...[
    'remind',
    'remove',
    'rename',
    'search',
    'shortcuts',
    'shrug',
    'star',
    'status',
    'topic',
    'who',
  ],
];

const ownShortcuts: readonly MessageShortcut[] = [
  {
    callbackId: 'vistazo_ask',
    title: 'Ask about this image',
    description: 'Asks a question about the pictures of this message',
  },
  {
    callbackId: 'vistazo_describe',
    title: 'Describe image',
    description: 'Describes the pictures of this message',
  },
];

/**
 * The shortcuts on messages: the adapter's own, and one for each command of a plugin that takes pictures, of which
 * Slack takes the first eight.
 */
export function messageShortcuts(commands: readonly CommandDescription[]): MessageShortcut[] {
  const ofPlugins = commands
    .filter(({ pictures }) => pictures !== 'none')
    .map((command) => ({
      callbackId: `vistazo_command_${command.name}`,
      title: commandTitle(command.name).slice(0, maxTitleLength),
      description: command.description.slice(0, maxAboutLength),
      command,
    }));
  return [...ownShortcuts, ...ofPlugins].slice(0, maxShortcuts);
}

/**
 * All that are called with a slash: a workspace has each name once, whichever app it is of, so that a prefix can
 * stand before them. Throws `option.invalid` for what Slack does not take.
 */
export function prefixedCommands(
  commands: readonly CommandDescription[],
  prefix: string,
): SlashCommand[] {
  if (!/^[a-z0-9_-]*$/.test(prefix))
    throw new VistazoError(
      'option.invalid',
      `The commandPrefix ${JSON.stringify(prefix)} is not valid: small letters, digits, - and _.`,
    );
  const prefixed = slashCommands(commands).map((command) => ({
    slash: `/${prefix}${command.name}`,
    command,
    usage: usageOf(command),
  }));
  const taken = prefixed.find(({ slash }) => builtIn.includes(slash.slice(1)));
  if (taken !== undefined)
    throw new VistazoError(
      'option.invalid',
      `Slack has a command ${taken.slash} of its own, and refuses every manifest with one of that name; give the adapter a commandPrefix, such as bot-.`,
    );
  const long = prefixed.find(({ slash }) => slash.length > maxSlashLength);
  if (long !== undefined)
    throw new VistazoError(
      'option.invalid',
      `The command ${long.slash} has ${long.slash.length} characters; Slack takes ${maxSlashLength}. Give it a shorter name, or a shorter commandPrefix.`,
    );
  if (prefixed.length > maxSlashCommands)
    throw new VistazoError(
      'option.invalid',
      `The bot has ${prefixed.length} commands; Slack takes ${maxSlashCommands}. Leave out some plugins.`,
    );
  return prefixed;
}

/** The first option that takes text needs no name, see `parseCommand` of the core. */
function usageOf({ options }: CommandDescription): string {
  const free = options.find(({ type }) => type === 'string');
  const named = options
    .filter((option) => option !== free)
    .map(({ name, choices, required }) => {
      const text = `${name}=${choices?.join('|') ?? '…'}`;
      return required ? text : `[${text}]`;
    });
  const last = free === undefined ? [] : [free.required ? free.name : `[${free.name}]`];
  return [...named, ...last].join(' ').slice(0, maxUsageLength);
}

const maxUsageLength = 1000;
