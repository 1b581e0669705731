import type { Language } from '@vistazo/core/adapter-kit';
import {
  type APIModalInteractionResponseCallbackData,
  ComponentType,
  TextInputStyle,
} from 'discord.js';
import { say } from '../language.js';
import type { DiscordFile } from '../parse-message/discord-message.js';
import type { DialogInteraction } from './interaction.js';

const pattern = /^vistazo ask (\d+)$/;
const questionField = 'question';
const filesField = 'files';
/** Discord takes no more. */
const maxFiles = 10;

/** What was asked in a dialog. */
export interface AskedInDialog {
  /** The message that it is about. */
  targetId: string;
  question: string;
  /** Those given with it, in the order in which they were chosen. */
  files: DiscordFile[];
}

/** A dialog that asks for the question about a message, and for further pictures. */
export function questionDialog(
  targetId: string,
  language: Language,
): APIModalInteractionResponseCallbackData {
  return {
    custom_id: `vistazo ask ${targetId}`,
    title: say('askAbout', language),
    components: [
      {
        type: ComponentType.Label,
        label: say('question', language),
        component: {
          type: ComponentType.TextInput,
          custom_id: questionField,
          style: TextInputStyle.Paragraph,
          max_length: 2000,
          required: true,
        },
      },
      {
        type: ComponentType.Label,
        label: say('furtherPictures', language),
        component: {
          type: ComponentType.FileUpload,
          custom_id: filesField,
          min_values: 0,
          max_values: maxFiles,
          required: false,
        },
      },
    ],
  };
}

/** Undefined for dialogs that are not the adapter's. */
export function readDialog({ data }: DialogInteraction): AskedInDialog | undefined {
  const [, targetId] = pattern.exec(data.custom_id) ?? [];
  const fields = data.components.flatMap(({ component }) => component ?? []);
  const fieldOf = (id: string) => fields.find(({ custom_id }) => custom_id === id);
  const question = fieldOf(questionField)?.value;
  if (targetId === undefined || question === undefined) return undefined;
  const files = (fieldOf(filesField)?.values ?? []).flatMap((id) => {
    const file = data.resolved.attachments[id];
    return file === undefined ? [] : [file];
  });
  return { targetId, question, files };
}
