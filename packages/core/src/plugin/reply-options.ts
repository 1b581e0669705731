import { z } from 'zod';
import type { CommandDescription } from '../adapter/command-description.js';
import { maxReplyActions, type ReplyAction, replyActionSchema } from '../adapter/reply-action.js';
import { VistazoError } from '../errors.js';
import type { Announcement } from './plugin.js';

/** What a plugin says besides a text. */
export interface ReplyOptions {
  /**
   * Buttons below it that call commands of the plugin, at most 5. Where a platform has none, the text ends with how
   * to write each call, if calls can be written there. Throws `option.invalid` where the plugin has no such command
   * or the command no such option. Default none.
   */
  actions?: readonly ReplyAction[];
}

/** Answers with a text. */
export type Reply = (text: string, options?: ReplyOptions) => void;

/** Commands as a plugin has them by now. */
type OwnCommands = readonly { description: CommandDescription }[];

const actionsSchema = z.array(replyActionSchema).max(maxReplyActions).readonly();

/** Throws `option.invalid` for what cannot stand below what a plugin with these commands says. @internal */
export function checkActions(
  plugin: string,
  commands: OwnCommands,
  given: readonly ReplyAction[],
): readonly ReplyAction[] {
  const invalid = (fault: string) =>
    new VistazoError(
      'option.invalid',
      `The actions of the plugin ${plugin} are not valid: ${fault}.`,
    );
  const parsed = actionsSchema.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(`${issue?.path.join('.') || 'the whole'}: ${issue?.message}`);
  }
  for (const action of parsed.data) {
    const fault = faultOf(action, commands);
    if (fault !== undefined) throw invalid(`${JSON.stringify(action.label)} ${fault}`);
  }
  return parsed.data;
}

function faultOf({ command, ask = [] }: ReplyAction, commands: OwnCommands): string | undefined {
  const own = commands.find(({ description }) => description.name === command.name)?.description;
  if (own === undefined) {
    const names = commands.map(({ description }) => `/${description.name}`).join(', ');
    return `calls /${command.name}; the plugin has [${names}]`;
  }
  const asked = ask.map(({ option }) => option);
  const given = [...Object.keys(command.options), ...asked];
  const strange = given.find((name) => own.options.every((option) => option.name !== name));
  if (strange !== undefined) {
    const names = own.options.map(({ name }) => name).join(', ');
    return `gives the option ${strange} to /${own.name}, which has [${names}]`;
  }
  if (new Set(asked).size < asked.length) return 'asks for an option twice';
  const lacking = own.options.find(({ name, required }) => required && !given.includes(name));
  return (
    lacking &&
    `neither gives nor asks for ${lacking.name}, without which /${own.name} cannot be called`
  );
}

/** A plugin's reply, held to its own commands. @internal */
export function replyOf(plugin: string, commands: OwnCommands, reply: Reply): Reply {
  return (text, { actions } = {}) =>
    actions === undefined
      ? reply(text)
      : reply(text, { actions: checkActions(plugin, commands, actions) });
}

/** How a plugin announces something, held to its own commands. @internal */
export function announceOf(
  plugin: string,
  commands: OwnCommands,
  announce: (announcement: Announcement) => Promise<void>,
): (announcement: Announcement) => Promise<void> {
  return async ({ actions, ...said }) =>
    announce(
      actions === undefined ? said : { ...said, actions: checkActions(plugin, commands, actions) },
    );
}
