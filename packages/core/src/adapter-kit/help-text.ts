import type { CommandDescription } from '../adapter/command-description.js';
import { commonSayings, type Language } from './language.js';
import { ownCommandOf, slashCommands } from './own-commands.js';

const maxTextLength = 2000;

/**
 * What a bot can do, a line for each command, as many as there is room for; `hasLocalNames` where the platform
 * shows its own commands by names in the language, and `prefix` where each is called with something before its name.
 */
export function helpText(
  commands: readonly CommandDescription[],
  language: Language,
  { hasLocalNames = false, prefix = '' } = {},
): string {
  const lines = slashCommands(commands).map((command) => {
    const own = ownCommandOf(command);
    const about = own === undefined ? command.description : commonSayings[own.about][language];
    const name =
      own !== undefined && hasLocalNames ? commonSayings[own.name][language] : command.name;
    return `\`/${prefix}${name}\` ${about}`;
  });
  const text: string[] = [commonSayings.helpBeginning[language]];
  for (const line of lines) if ([...text, line].join('\n').length <= maxTextLength) text.push(line);
  return text.join('\n');
}
