import type { ActionsBlock } from '@slack/types';
import type { ReplyAction } from '@vistazo/core';
import { actionIdOf } from '@vistazo/core/adapter-kit';
import { blockIdOf } from './block-id.js';

/** Slack takes no longer values of buttons. */
const maxValueLength = 2000;

/** What plugins let people do below a message; none where there is nothing. */
export function actionButtons(
  actions: readonly ReplyAction[],
  conversationKey: string,
): ActionsBlock[] {
  if (actions.length === 0) return [];
  return [
    {
      type: 'actions',
      block_id: blockIdOf('actions', conversationKey),
      elements: actions.map((action, index) => ({
        type: 'button',
        action_id: `vistazo_call_${index}`,
        text: { type: 'plain_text', emoji: true, text: action.label },
        value: actionIdOf(action, index, maxValueLength),
        ...(action.style !== undefined && { style: action.style }),
      })),
    },
  ];
}
