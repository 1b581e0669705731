/** What the buttons below an answer do. */
export type ButtonAction = 'stop' | 'again' | 'up' | 'down';

/** What a button says when it is pressed. */
export interface ButtonPress {
  action: ButtonAction;
  /** The message that is answered. */
  messageId: string;
  /** Who asked; undefined where that was not known any more. */
  askerId: string | undefined;
}

const pattern = /^vistazo (stop|again|up|down) (\S+) (\d*)$/;

/** A button's id, in which all is that is needed when it is pressed, also after a restart. */
export function customIdOf({ action, messageId, askerId = '' }: ButtonPress): string {
  return `vistazo ${action} ${messageId} ${askerId}`;
}

/** Undefined for buttons that are not the adapter's. */
export function readCustomId(customId: string): ButtonPress | undefined {
  const [, action, messageId, askerId] = pattern.exec(customId) ?? [];
  if (messageId === undefined || !isAction(action)) return undefined;
  return { action, messageId, askerId: askerId || undefined };
}

function isAction(action: string | undefined): action is ButtonAction {
  return action === 'stop' || action === 'again' || action === 'up' || action === 'down';
}
