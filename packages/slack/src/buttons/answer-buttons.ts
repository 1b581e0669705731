import type { ActionsBlock, Button } from '@slack/types';
import {
  type ButtonAction,
  buttonIdOf,
  commonSayings,
  type Language,
} from '@vistazo/core/adapter-kit';
import { isTs } from '../place.js';

/** The answer that buttons are for. */
export interface ButtonPlace {
  /** The message that is answered. */
  messageId: string;
  askerId: string | undefined;
  language: Language;
}

/** Below an answer that is being written. */
export function stopButton(place: ButtonPlace): ActionsBlock {
  return { type: 'actions', elements: [button(place, 'stop', 'stop')] };
}

/** Below a whole answer. What a command asked cannot be asked again: its words are not kept on the platform. */
export function endButtons(place: ButtonPlace): ActionsBlock {
  const again = isTs(place.messageId) ? [button(place, 'again', 'again')] : [];
  return {
    type: 'actions',
    elements: [
      button(place, 'up', 'good'),
      button(place, 'down', 'bad'),
      ...again,
      button(place, 'seen', 'whatWasSeen'),
    ],
  };
}

type Saying = keyof typeof commonSayings;

const emoji: Record<ButtonAction, string> = {
  stop: '⏹️',
  again: '🔁',
  up: '👍',
  down: '👎',
  seen: '👁️',
};

/** Each in a message needs an `action_id` of its own; what is needed when it is pressed stands in its value. */
function button(
  { messageId, askerId, language }: ButtonPlace,
  action: ButtonAction,
  saying: Saying,
): Button {
  return {
    type: 'button',
    action_id: `vistazo_${action}`,
    text: {
      type: 'plain_text',
      emoji: true,
      text: `${emoji[action]} ${commonSayings[saying][language]}`,
    },
    value: buttonIdOf({ action, messageId, askerId }),
  };
}
