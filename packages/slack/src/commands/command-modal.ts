import type { InputBlock, InputBlockElement, ModalView, PlainTextElement } from '@slack/types';
import type { CommandDescription, CommandOption, ReplyAction } from '@vistazo/core';
import {
  type AskedOption,
  commandTitle,
  type Language,
  ownCommandOf,
} from '@vistazo/core/adapter-kit';
import { say } from '../language.js';
import type { SlackFile } from '../parse-message/slack-message.js';
import { type ModalPurpose, writePurpose } from './modal-purpose.js';
import type { Submission } from './payloads.js';

/** The `callback_id` of all modals that people send. */
export const modalCallbackId = 'vistazo_modal';

/** What a modal asks for. */
export interface ModalContent {
  title: string;
  purpose: ModalPurpose;
  description: CommandDescription;
  asked: readonly AskedOption[];
  /** Whether it asks for pictures, and how it calls them. */
  pictures: 'none' | 'optional' | 'required' | 'more';
  language: Language;
}

/** Slack takes no longer ones, and no more, see https://docs.slack.dev/reference/views and its elements. */
const maxTitleLength = 24;
const maxLabelLength = 2000;
const maxInputLength = 3000;
const maxChoices = 100;
const maxChoiceLength = 75;
/** A longer text has more than one line. */
const maxLineLength = 100;
const maxPictures = 10;
const pictureTypes = ['png', 'jpg', 'jpeg', 'gif', 'webp', 'pdf'];
const picturesField = 'pictures';
const optionPrefix = 'option ';

/** A modal that asks for options of a command, and for pictures. */
export function commandModal(content: ModalContent): ModalView {
  const { title, purpose, asked, pictures, language } = content;
  const fields = asked.map((each) => optionField(each, content));
  return {
    type: 'modal',
    callback_id: modalCallbackId,
    private_metadata: writePurpose(purpose),
    title: plain(shortened(title, maxTitleLength)),
    submit: plain(say('send', language)),
    close: plain(say('cancel', language)),
    blocks: [...fields, ...(pictures === 'none' ? [] : [picturesInput(pictures, language)])],
  };
}

/** A modal that says one sentence. */
export function noticeModal(title: string, sentence: string, language: Language): ModalView {
  return {
    type: 'modal',
    title: plain(shortened(title, maxTitleLength)),
    close: plain(say('close', language)),
    blocks: [{ type: 'section', text: plain(sentence) }],
  };
}

/** What was filled in, by the names of options, and the files; what is empty is left out. */
export function filledIn({ view }: Submission): {
  filled: Map<string, string>;
  files: readonly SlackFile[];
} {
  const fields = Object.entries(view.state.values);
  const filled = fields.flatMap(([id, elements]) => {
    const [field] = Object.values(elements);
    return optionOf(id, field?.selected_option?.value ?? field?.value ?? '');
  });
  const files = fields.flatMap(([, elements]) =>
    Object.values(elements).flatMap((field) => field.files ?? []),
  );
  return { filled: new Map(filled), files: files.slice(0, maxPictures) };
}

/** What the modal showed at first, without the options that showed nothing. */
export function shownAtFirst({ view }: Submission): NonNullable<ReplyAction['ask']> {
  const shown = view.blocks.flatMap(({ block_id, element }) =>
    optionOf(block_id, element?.initial_option?.value ?? element?.initial_value ?? ''),
  );
  return shown.map(([option, value]) => ({ option, value }));
}

function optionOf(blockId: string, value: string): (readonly [name: string, value: string])[] {
  const isGiven = blockId.startsWith(optionPrefix) && value !== '';
  return isGiven ? [[blockId.slice(optionPrefix.length), value]] : [];
}

function optionField(
  { option, value }: AskedOption,
  { description, language }: ModalContent,
): InputBlock {
  const isOwn = ownCommandOf(description) !== undefined;
  const label = isOwn ? say('question', language) : commandTitle(option.name);
  const hint = isOwn ? say('questionDescription', language) : option.description;
  return {
    type: 'input',
    block_id: `${optionPrefix}${option.name}`,
    label: plain(shortened(label, maxLabelLength)),
    ...(hint !== '' && { hint: plain(shortened(hint, maxLabelLength)) }),
    optional: !option.required,
    element: elementOf(option, value, language),
  };
}

function elementOf(
  option: CommandOption,
  value: string | undefined,
  language: Language,
): InputBlockElement {
  const { type, choices = [], min, max } = option;
  if (type === 'boolean') {
    const words = { true: say('yes', language), false: say('no', language) };
    return selection(option.name, Object.entries(words), value, language);
  }
  if (canChoose(choices))
    return selection(
      option.name,
      choices.map((choice) => [choice, choice]),
      value,
      language,
    );
  const action_id = option.name;
  if (type === 'string') {
    const max_length = Math.max(1, Math.min(max ?? maxInputLength, maxInputLength));
    const shown = (value ?? '').slice(0, max_length);
    return {
      type: 'plain_text_input',
      action_id,
      multiline: max_length > maxLineLength,
      max_length,
      ...(shown !== '' && { initial_value: shown }),
    };
  }
  const isNumber = value !== undefined && value.trim() !== '' && Number.isFinite(Number(value));
  return {
    type: 'number_input',
    action_id,
    is_decimal_allowed: type === 'number',
    ...(min !== undefined && { min_value: String(min) }),
    ...(max !== undefined && { max_value: String(max) }),
    ...(isNumber && { initial_value: value }),
  };
}

/** A selection can be left open, which a box to tick cannot: unticked would be the same as said no to. */
function selection(
  action_id: string,
  choices: readonly (readonly [value: string, words: string])[],
  shown: string | undefined,
  language: Language,
): InputBlockElement {
  const options = choices.map(([value, words]) => ({ text: plain(words), value }));
  const initial = options.find(({ value }) => value === shown);
  return {
    type: 'static_select',
    action_id,
    placeholder: plain(say('choose', language)),
    options,
    ...(initial !== undefined && { initial_option: initial }),
  };
}

function canChoose(choices: readonly string[]): boolean {
  const fits = (choice: string) => choice !== '' && choice.length <= maxChoiceLength;
  return choices.length > 0 && choices.length <= maxChoices && choices.every(fits);
}

function picturesInput(pictures: 'optional' | 'required' | 'more', language: Language): InputBlock {
  return {
    type: 'input',
    block_id: picturesField,
    label: plain(say(pictures === 'more' ? 'morePictures' : 'pictures', language)),
    hint: plain(say('picturesHint', language)),
    optional: pictures !== 'required',
    element: {
      type: 'file_input',
      action_id: picturesField,
      filetypes: pictureTypes,
      max_files: maxPictures,
    },
  };
}

function plain(text: string): PlainTextElement {
  return { type: 'plain_text', text, emoji: false };
}

function shortened(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1)}…`;
}
