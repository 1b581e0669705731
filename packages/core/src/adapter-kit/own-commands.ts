import type { CommandDescription, ownCommandNames } from '../adapter/command-description.js';
import { commonSayings } from './language.js';

/** One of the {@link commonSayings}. */
type Saying = keyof typeof commonSayings;

/** A command of the adapter's own. */
export interface OwnCommand {
  does: (typeof ownCommandNames)[number];
  description: CommandDescription;
  /** Its name and description in other languages. */
  name: Saying;
  about: Saying;
}

function own(
  does: OwnCommand['does'],
  about: Saying,
  name: Saying,
  rest: Pick<CommandDescription, 'options' | 'pictures'>,
): OwnCommand {
  return { does, about, name, description: { name: does, description: english(about), ...rest } };
}

/** Those that a bot has besides those of its plugins; one of a plugin takes the place of that with its name. */
export const ownCommands: readonly OwnCommand[] = [
  own('ask', 'askDescription', 'askName', {
    options: [
      {
        name: 'question',
        description: english('questionDescription'),
        type: 'string',
        required: true,
        max: 2000,
      },
    ],
    pictures: 'optional',
  }),
  own('describe', 'describeDescription', 'describeName', { options: [], pictures: 'required' }),
  own('model', 'modelDescription', 'modelName', { options: [], pictures: 'none' }),
  own('help', 'helpDescription', 'helpName', { options: [], pictures: 'none' }),
  own('forget', 'forgetDescription', 'forgetName', { options: [], pictures: 'none' }),
];

/** The adapter's own command that a description is of. */
export function ownCommandOf(description: CommandDescription): OwnCommand | undefined {
  return ownCommands.find((each) => each.description === description);
}

/** All that are called with a slash. */
export function slashCommands(commands: readonly CommandDescription[]): CommandDescription[] {
  const free = ownCommands
    .map(({ description }) => description)
    .filter(({ name }) => commands.every((command) => command.name !== name));
  return [...free, ...commands];
}

/** Whether a command can be called on a message, since it needs nothing but pictures. */
export function isForMessages({ pictures, options }: CommandDescription): boolean {
  return pictures !== 'none' && options.every(({ required }) => !required);
}

/** The name of a command as people read it: of `alt-text`, `Alt text`. */
export function commandTitle(name: string): string {
  const words = name.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function english(saying: Saying): string {
  return commonSayings[saying].en;
}
