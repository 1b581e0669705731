import type { CommandDescription } from './command-description.js';
import type { CommandCall } from './platform-event.js';

const callPattern = /^\/([a-z][a-z0-9-]{0,31})(?:\s+([\s\S]*))?$/;
/** `key=value` or `key="several words"`, at the beginning of what is left. */
const optionPattern = /^([a-z][a-z0-9-]*)=(?:"([^"]*)"|(\S*))(?:\s+|$)/;

/**
 * The command that a text such as `/name key=value "or=quoted"` calls; undefined when it calls none of
 * them. What stands after the options is the value of the first option that takes text and was not given.
 * @internal
 */
export function parseCommand(
  text: string,
  commands: readonly CommandDescription[],
): CommandCall | undefined {
  const [, name, written = ''] = callPattern.exec(text.trim()) ?? [];
  const command = commands.find((each) => each.name === name);
  if (name === undefined || command === undefined) return undefined;
  const options: Record<string, string> = {};
  let rest = written.trim();
  for (
    let found = nextOption(rest, command);
    found !== undefined;
    found = nextOption(rest, command)
  ) {
    options[found.name] = found.value;
    rest = rest.slice(found.length);
  }
  const free = command.options.find(
    (option) => option.type === 'string' && !Object.hasOwn(options, option.name),
  );
  if (rest !== '') options[free?.name ?? 'text'] = rest;
  return { name, options };
}

/**
 * The call of a command that there is not, such as of a mistyped name; `others` are names that mean something
 * elsewhere. Undefined where a text calls none, and for bots without commands. @internal
 */
export function parseUnknownCommand(
  text: string,
  commands: readonly CommandDescription[],
  others: readonly string[],
): CommandCall | undefined {
  const [, name] = callPattern.exec(text.trim()) ?? [];
  if (name === undefined || commands.length === 0) return undefined;
  const isKnown = others.includes(name) || commands.some((each) => each.name === name);
  return isKnown ? undefined : { name, options: {} };
}

function nextOption(rest: string, { options }: CommandDescription) {
  const [whole, name, quoted, bare] = optionPattern.exec(rest) ?? [];
  if (whole === undefined || !options.some((option) => option.name === name)) return undefined;
  return { name: name ?? '', value: quoted ?? bare ?? '', length: whole.length };
}

/** A call as people write it, for a conversation that shows what was asked. @internal */
export function writtenCommand({ name, options }: CommandCall): string {
  const written = Object.entries(options).map(([key, value]) => {
    const text = String(value);
    return /^[^\s"]+$/.test(text) ? `${key}=${text}` : `${key}="${text.replaceAll('"', "'")}"`;
  });
  return [`/${name}`, ...written].join(' ');
}
