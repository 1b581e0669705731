import { type CommandDescription, type CommandOption, VistazoError } from '@vistazo/core';

/** A command of a plugin as it is called in a terminal. */
export interface TerminalCall {
  options: Record<string, string | number | boolean>;
  /** Paths and addresses. */
  pictures: string[];
}

/**
 * Reads the words after the name of a command: `--name value`, `--name=value`, `--flag`, and pictures.
 * Throws `option.invalid` for what the command does not take.
 */
export function parseCall(command: CommandDescription, words: readonly string[]): TerminalCall {
  const call: TerminalCall = { options: {}, pictures: [] };
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (!word.startsWith('--')) {
      call.pictures.push(word);
      continue;
    }
    const [, name = '', written] = /^--([^=]*)(?:=([\s\S]*))?$/.exec(word) ?? [];
    const option = optionCalled(command, name);
    call.options[name] = typed(option, written ?? valueAfter(option, rest));
  }
  requireAll(command, call);
  return call;
}

function optionCalled({ name: command, options }: CommandDescription, name: string): CommandOption {
  const option = options.find((each) => each.name === name);
  if (option !== undefined) return option;
  const known = options.map((each) => `--${each.name}`).join(', ') || 'none';
  throw invalid(`The command ${command} has no option --${name}; there are ${known}.`);
}

function valueAfter({ name, type }: CommandOption, rest: string[]): string {
  if (type === 'boolean') return 'true';
  const value = rest.shift();
  if (value !== undefined) return value;
  throw invalid(`--${name} needs a value, such as --${name}=…`);
}

function typed(option: CommandOption, written: string): string | number | boolean {
  const { name, type, choices } = option;
  if (type === 'boolean') return boolean(name, written);
  if (type !== 'string') return number(option, written);
  if (choices !== undefined && !choices.includes(written))
    throw invalid(`--${name} ${written} is not allowed; it is one of ${choices.join(', ')}.`);
  return written;
}

function boolean(name: string, written: string): boolean {
  if (written === 'true' || written === 'false') return written === 'true';
  throw invalid(`--${name}=${written} is not allowed; it is true or false.`);
}

function number({ name, type, min, max }: CommandOption, written: string): number {
  const value = written.trim() === '' ? Number.NaN : Number(written);
  const isOfType = type === 'integer' ? Number.isInteger(value) : Number.isFinite(value);
  if (isOfType && value >= (min ?? value) && value <= (max ?? value)) return value;
  const kind = type === 'integer' ? 'a whole number' : 'a number';
  const bounds = [min === undefined ? [] : `from ${min}`, max === undefined ? [] : `up to ${max}`];
  throw invalid(
    `--${name} ${written} is not allowed; it is ${[kind, ...bounds.flat()].join(' ')}.`,
  );
}

function requireAll({ name, options, pictures }: CommandDescription, call: TerminalCall): void {
  const lacking = options.find(
    (option) => option.required && !Object.hasOwn(call.options, option.name),
  );
  if (lacking !== undefined)
    throw invalid(`The command ${name} needs --${lacking.name}: ${lacking.description}.`);
  if (pictures === 'required' && call.pictures.length === 0)
    throw invalid(`The command ${name} needs a picture; name one after it.`);
  if (pictures === 'none' && call.pictures.length > 0)
    throw invalid(`The command ${name} takes no pictures; leave ${call.pictures.join(' ')} out.`);
}

function invalid(message: string): VistazoError {
  return new VistazoError('option.invalid', message);
}
