import type { ActionsBlock, Button, KnownBlock, PlainTextElement } from '@slack/types';
import {
  type ButtonAction,
  buttonIdOf,
  commonSayings,
  type Language,
} from '@vistazo/core/adapter-kit';
import { isTs } from '../place.js';
import { blockIdOf } from './block-id.js';

/** The answer that buttons are for. */
export interface ButtonPlace {
  conversationKey: string;
  /** The message that is answered. */
  messageId: string;
  askerId: string | undefined;
  language: Language;
}

/** Below an answer that is being written. */
export function stopButton(place: ButtonPlace): ActionsBlock {
  return actions(place, [button(place, 'stop', 'stop')]);
}

/**
 * Below a whole answer, with the pair that Slack has for what people think of it. What a command asked cannot be
 * asked again: its words are not kept on the platform.
 */
export function endButtons(place: ButtonPlace): KnownBlock[] {
  const again = isTs(place.messageId) ? [button(place, 'again', 'again')] : [];
  return [
    {
      type: 'context_actions',
      block_id: blockIdOf('rating', place.conversationKey),
      elements: [
        {
          type: 'feedback_buttons',
          action_id: 'vistazo_rate',
          positive_button: { text: words(place, 'good'), value: buttonValue(place, 'up') },
          negative_button: { text: words(place, 'bad'), value: buttonValue(place, 'down') },
        },
      ],
    },
    actions(place, [...again, button(place, 'seen', 'whatWasSeen')]),
  ];
}

type Saying = keyof typeof commonSayings;

const emoji: Partial<Record<ButtonAction, string>> = { stop: '⏹️', again: '🔁', seen: '👁️' };

function actions({ conversationKey }: ButtonPlace, elements: Button[]): ActionsBlock {
  return { type: 'actions', block_id: blockIdOf('answer', conversationKey), elements };
}

/** Each in a message needs an `action_id` of its own; what is needed when it is pressed stands in its value. */
function button(place: ButtonPlace, action: ButtonAction, saying: Saying): Button {
  return {
    type: 'button',
    action_id: `vistazo_${action}`,
    text: words(place, saying, emoji[action]),
    value: buttonValue(place, action),
  };
}

function words({ language }: ButtonPlace, saying: Saying, before = ''): PlainTextElement {
  const text = `${before} ${commonSayings[saying][language]}`.trim();
  return { type: 'plain_text', emoji: true, text };
}

function buttonValue({ messageId, askerId }: ButtonPlace, action: ButtonAction): string {
  return buttonIdOf({ action, messageId, askerId });
}
