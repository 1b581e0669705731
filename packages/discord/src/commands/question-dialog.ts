import type { Language } from '@vistazo/core/adapter-kit';
import {
  type APIModalInteractionResponseCallbackData,
  ComponentType,
  TextInputStyle,
} from 'discord.js';
import { say } from '../language.js';
import { type DialogInteraction, fieldsOf } from './interaction.js';

const pattern = /^vistazo ask (\d+)$/;
const questionField = 'question';

/** A dialog that asks for the question about a message. */
export function questionDialog(
  targetId: string,
  language: Language,
): APIModalInteractionResponseCallbackData {
  return {
    custom_id: `vistazo ask ${targetId}`,
    title: say('askAbout', language),
    components: [
      {
        type: ComponentType.ActionRow,
        components: [
          {
            type: ComponentType.TextInput,
            custom_id: questionField,
            label: say('question', language),
            style: TextInputStyle.Paragraph,
            max_length: 2000,
            required: true,
          },
        ],
      },
    ],
  };
}

/** The message that it is about and what was asked; undefined for dialogs that are not the adapter's. */
export function readDialog(
  interaction: DialogInteraction,
): { targetId: string; question: string } | undefined {
  const [, targetId] = pattern.exec(interaction.data.custom_id) ?? [];
  const question = fieldsOf(interaction).get(questionField);
  return targetId === undefined || question === undefined ? undefined : { targetId, question };
}
