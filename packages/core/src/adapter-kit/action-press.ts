import type { CommandCall } from '../adapter/platform-event.js';
import type { ReplyAction } from '../adapter/reply-action.js';

/** What the button of an action says when it is pressed. It comes from outside: whoever sends it may have made it up. */
export interface ActionPress {
  /** Which action of its message it is, from 0. */
  index: number;
  /** What it calls, and the options that it asks for before; undefined where the button had no room for that. */
  called: { command: CommandCall; asked: readonly string[] } | undefined;
}

/** What a dialog says that an action opened. As untrusted as {@link ActionPress}. */
export interface ActionDialog {
  index: number;
  /** The message that the action is of. */
  postId: string;
  command: CommandCall | undefined;
}

/**
 * The id of an action's button, in which all is that is needed when it is pressed, also after a restart and after
 * years, if that fits into `maxLength` characters. What does not fit can be found with `AdapterHost.actionsOf`.
 */
export function actionIdOf(
  { command, ask = [] }: ReplyAction,
  index: number,
  maxLength: number,
): string {
  const asked = ask.map(({ option }) => encodeURIComponent(option)).join();
  return withCall(['vistazo', 'call', index], [...written(command), asked], maxLength);
}

/** Undefined for buttons that are not of actions. */
export function readActionId(id: string): ActionPress | undefined {
  const [, index, name, options = '', asked = ''] =
    /^vistazo call (\d)(?: (\S+) (\S*) (\S*))?$/.exec(id) ?? [];
  if (index === undefined) return undefined;
  return orNothing(() => {
    const command = read(name, options);
    const names = asked === '' ? [] : asked.split(',').map(decodeURIComponent);
    return { index: Number(index), called: command && { command, asked: names } };
  });
}

/** The id of the dialog that an action opens, as {@link actionIdOf} of its button. */
export function actionDialogIdOf(
  command: CommandCall,
  index: number,
  postId: string,
  maxLength: number,
): string {
  return withCall(['vistazo', 'fill', index, postId], written(command), maxLength);
}

/** Undefined for dialogs that are not of actions. */
export function readActionDialogId(id: string): ActionDialog | undefined {
  const [, index, postId, name, options = ''] =
    /^vistazo fill (\d) (\S+)(?: (\S+) (\S*))?$/.exec(id) ?? [];
  if (index === undefined || postId === undefined) return undefined;
  return orNothing(() => ({ index: Number(index), postId, command: read(name, options) }));
}

function withCall(
  words: readonly (string | number)[],
  call: readonly string[],
  maxLength: number,
): string {
  const whole = [...words, ...call].join(' ');
  return whole.length <= maxLength ? whole : words.join(' ');
}

function written({ name, options }: CommandCall): string[] {
  const pairs = Object.entries(options).map(([key, value]) =>
    [key, writtenValue(value)].map(encodeURIComponent).join('='),
  );
  return [encodeURIComponent(name), pairs.join('&')];
}

function read(name: string | undefined, options: string): CommandCall | undefined {
  if (name === undefined) return undefined;
  const pairs = options === '' ? [] : options.split('&').map((pair) => pair.split('='));
  const values = pairs.map(
    ([key = '', value = '']) =>
      [decodeURIComponent(key), readValue(decodeURIComponent(value))] as const,
  );
  return { name: decodeURIComponent(name), options: Object.fromEntries(values) };
}

/** Texts that could be taken for another value are in quotes. */
const likeAnother = /^(?:true$|false$|-?\d|")/;

function writtenValue(value: string | number | boolean): string {
  return typeof value === 'string' && likeAnother.test(value)
    ? JSON.stringify(value)
    : String(value);
}

function readValue(text: string): string | number | boolean {
  if (!likeAnother.test(text)) return text;
  return text.startsWith('"')
    ? String(JSON.parse(text))
    : text === 'true' || (text !== 'false' && Number(text));
}

/** What was made up need not be readable. */
function orNothing<Read>(work: () => Read): Read | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
