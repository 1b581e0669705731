import type { CommandCall, CommandOption } from '@vistazo/core';
import { type AskedOption, actionDialogIdOf, commandTitle } from '@vistazo/core/adapter-kit';
import {
  type APIComponentInLabel,
  type APIModalInteractionResponseCallbackData,
  ComponentType,
  TextInputStyle,
} from 'discord.js';
import { maxCustomIdLength } from '../buttons/answer-buttons.js';

/** Discord takes no longer ones. */
const maxChoices = 25;
const maxChoiceLength = 100;
const maxInputLength = 4000;
const maxLabelLength = 45;
const maxDescriptionLength = 100;
/** A longer text has more than one line. */
const maxLineLength = 100;

/** A dialog that asks for options of a command before it is called. */
export function actionDialog({
  title,
  command,
  index,
  postId,
  asked,
}: {
  title: string;
  command: CommandCall;
  index: number;
  postId: string;
  asked: readonly AskedOption[];
}): APIModalInteractionResponseCallbackData {
  return {
    custom_id: actionDialogIdOf(command, index, postId, maxCustomIdLength),
    title: title.slice(0, maxLabelLength),
    components: asked.map(({ option, value }) => ({
      type: ComponentType.Label,
      label: commandTitle(option.name).slice(0, maxLabelLength),
      description: (option.description || option.name).slice(0, maxDescriptionLength),
      component: fieldOf(option, value),
    })),
  };
}

function fieldOf(option: CommandOption, value: string | undefined): APIComponentInLabel {
  const { name, required, max = maxInputLength } = option;
  const choices = option.type === 'boolean' ? ['true', 'false'] : (option.choices ?? []);
  if (canChoose(choices))
    return {
      type: ComponentType.StringSelect,
      custom_id: name,
      options: choices.map((choice) => ({
        label: choice,
        value: choice,
        default: choice === value,
      })),
      required,
      min_values: required ? 1 : 0,
      max_values: 1,
    };
  const maxLength = option.type === 'string' ? Math.min(max, maxInputLength) : maxLineLength;
  const shown = value?.slice(0, maxLength) ?? '';
  return {
    type: ComponentType.TextInput,
    custom_id: name,
    style: maxLength > maxLineLength ? TextInputStyle.Paragraph : TextInputStyle.Short,
    max_length: maxLength,
    required,
    ...(shown !== '' && { value: shown }),
  };
}

function canChoose(choices: readonly string[]): boolean {
  const fits = (choice: string) => choice !== '' && choice.length <= maxChoiceLength;
  return choices.length > 0 && choices.length <= maxChoices && choices.every(fits);
}
