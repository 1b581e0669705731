const actions = ['stop', 'again', 'up', 'down', 'seen'] as const;

/** What the buttons below an answer do. */
export type ButtonAction = (typeof actions)[number];

/** What a button says when it is pressed. */
export interface ButtonPress {
  action: ButtonAction;
  /** The message that is answered. */
  messageId: string;
  /** Who asked; undefined where that was not known any more. */
  askerId: string | undefined;
}

const pattern = /^vistazo (\w+) (\S+) (\S*)$/;

/** A button's id, in which all is that is needed when it is pressed, also after a restart. */
export function buttonIdOf({ action, messageId, askerId = '' }: ButtonPress): string {
  return `vistazo ${action} ${messageId} ${askerId}`;
}

/** Undefined for buttons that are not the adapter's. */
export function readButtonId(buttonId: string): ButtonPress | undefined {
  const [, name, messageId, askerId] = pattern.exec(buttonId) ?? [];
  const action = actions.find((each) => each === name);
  if (messageId === undefined || action === undefined) return undefined;
  return { action, messageId, askerId: askerId || undefined };
}
