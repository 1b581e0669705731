import { type ButtonAction, buttonIdOf, type Language } from '@vistazo/core/adapter-kit';
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
