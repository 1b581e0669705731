import type { CommandDescription, CommandOption } from '../adapter/command-description.js';
import type { ReplyAction } from '../adapter/reply-action.js';

/** An option that a dialog asks for, and what it shows at first. */
export interface AskedOption {
  option: CommandOption;
  value: string | undefined;
}

/**
 * What an action's dialog asks for: by what the button says, or else by what is stored, which knows too what is shown
 * at first. Options that the command has no more are left out.
 */
export function askedOf(
  { options }: CommandDescription,
  names: readonly string[] | undefined,
  stored: ReplyAction | undefined,
): AskedOption[] {
  const ask = stored?.ask ?? [];
  return (names ?? ask.map(({ option }) => option)).flatMap((name) => {
    const option = options.find((each) => each.name === name);
    const value = ask.find((each) => each.option === name)?.value;
    return option === undefined ? [] : [{ option, value }];
  });
}
