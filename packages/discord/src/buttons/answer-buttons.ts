import type { ReplyAction } from '@vistazo/core';
import {
  actionIdOf,
  type ButtonAction,
  buttonIdOf,
  type Language,
} from '@vistazo/core/adapter-kit';
import { type APIMessageTopLevelComponent, ButtonStyle, ComponentType } from 'discord.js';
import { type Saying, say } from '../language.js';
import { isSnowflake } from '../place.js';

/** The answer that buttons are for. */
export interface ButtonPlace {
  /** The message that is answered. */
  messageId: string;
  askerId: string | undefined;
  language: Language;
}

/** Below an answer that is being written. */
export function stopButton(place: ButtonPlace): APIMessageTopLevelComponent[] {
  return [row(place, [['stop', 'stop', '⏹️']])];
}

/** Below a whole answer. What a command asked cannot be asked again: its words are not kept on the platform. */
export function endButtons(place: ButtonPlace): APIMessageTopLevelComponent[] {
  const again: Button[] = isSnowflake(place.messageId) ? [['again', 'again', '🔁']] : [];
  const opinions: Button[] = [
    ['up', 'good', '👍'],
    ['down', 'bad', '👎'],
  ];
  return [row(place, [...opinions, ...again, ['seen', 'whatWasSeen', '👁️']])];
}

/** Discord takes no longer ids of buttons and dialogs. */
export const maxCustomIdLength = 100;

const styles = {
  plain: ButtonStyle.Secondary,
  primary: ButtonStyle.Primary,
  danger: ButtonStyle.Danger,
} as const;

/** What a plugin lets people do below what it says, in a row of its own; none where there is nothing. */
export function actionButtons(actions: readonly ReplyAction[]): APIMessageTopLevelComponent[] {
  if (actions.length === 0) return [];
  const components = actions.map((action, index) => ({
    type: ComponentType.Button as const,
    style: styles[action.style ?? 'plain'],
    label: action.label,
    custom_id: actionIdOf(action, index, maxCustomIdLength),
  }));
  return [{ type: ComponentType.ActionRow, components }];
}

type Button = [ButtonAction, Saying, string];

function row(
  { messageId, askerId, language }: ButtonPlace,
  buttons: readonly Button[],
): APIMessageTopLevelComponent {
  return {
    type: ComponentType.ActionRow,
    components: buttons.map(([action, saying, emoji]) => ({
      type: ComponentType.Button,
      style: ButtonStyle.Secondary,
      label: say(saying, language),
      emoji: { name: emoji },
      custom_id: buttonIdOf({ action, messageId, askerId }),
    })),
  };
}
