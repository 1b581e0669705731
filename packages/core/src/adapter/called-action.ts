import type { CommandDescription } from './command-description.js';
import type { CommandCall } from './platform-event.js';
import type { ReplyAction } from './reply-action.js';

/**
 * The call of an action, with what a person filled in. What is empty is not given, nor what an option that can be
 * left out shows unchanged: between the showing and the pressing somebody else may have put it right.
 */
export function calledAction(
  { command, ask = [] }: Pick<ReplyAction, 'command' | 'ask'>,
  filled: ReadonlyMap<string, string>,
  commands: readonly CommandDescription[],
): CommandCall {
  const { name, options } = command;
  const described = commands.find((each) => each.name === name)?.options ?? [];
  const shown = new Map(ask.map(({ option, value }) => [option, value]));
  const isGiven = ([option, value]: [string, string]) =>
    value !== '' &&
    (value !== shown.get(option) || described.find((each) => each.name === option)?.required);
  return { name, options: { ...options, ...Object.fromEntries([...filled].filter(isGiven)) } };
}
