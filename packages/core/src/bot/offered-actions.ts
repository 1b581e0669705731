import type { AdapterCapabilities } from '../adapter/adapter.js';
import { writtenCommand } from '../adapter/parse-command.js';
import type { ReplyAction } from '../adapter/reply-action.js';

/** What a platform makes of actions. @internal */
export interface OfferedActions {
  /** Those that people can press. */
  actions: readonly ReplyAction[];
  /** How to write the others, where calls can be written. */
  lines: readonly string[];
}

/** Parts actions by what a platform can show. @internal */
export function offeredActions(
  { buttons = false, modals = false, commands = false }: AdapterCapabilities,
  all: readonly ReplyAction[] = [],
): OfferedActions {
  const canShow = ({ ask = [] }: ReplyAction) => buttons && (modals || ask.length === 0);
  const rest = commands ? [] : all.filter((action) => !canShow(action));
  return {
    actions: all.filter(canShow),
    lines: rest.length === 0 ? [] : [rest.map(lineOf).join('\n')],
  };
}

/** `Correct: /ticket number=5 severity=…` */
function lineOf({ label, command, ask = [] }: ReplyAction): string {
  const asked = ask.map(({ option }) => `${option}=…`);
  return `${label}: ${[writtenCommand(command), ...asked].join(' ')}`;
}
