import { z } from 'zod';
import { Refusal } from './methods.ts';

/** Characters of text in the blocks of one message; Slack documents none, about so many were found. */
const maxBlocksLength = 13_200;

const plain = (max: number) =>
  z.looseObject({ type: z.literal('plain_text'), text: z.string().min(1).max(max) });
const anyText = (max: number) =>
  z.looseObject({ type: z.enum(['plain_text', 'mrkdwn']), text: z.string().min(1).max(max) });
const actionId = z.string().min(1).max(255).optional();
const value = z.string().max(2000).optional();
const option = z.looseObject({ text: anyText(75), value: z.string().max(150) });
const options = z.array(option).min(1).max(100).optional();

const element = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.literal('button'),
    text: plain(75),
    action_id: actionId,
    value,
    url: z.url().max(3000).optional(),
    style: z.enum(['primary', 'danger']).optional(),
    accessibility_label: z.string().max(75).optional(),
  }),
  z.looseObject({
    type: z.literal('plain_text_input'),
    action_id: actionId,
    initial_value: z.string().max(3000).optional(),
    max_length: z.int().min(1).max(3000).optional(),
    min_length: z.int().min(0).max(3000).optional(),
    placeholder: plain(150).optional(),
  }),
  z.looseObject({
    type: z.enum(['static_select', 'multi_static_select', 'overflow', 'external_select']),
    action_id: actionId,
    placeholder: plain(150).optional(),
    options,
  }),
  z.looseObject({
    type: z.enum(['checkboxes', 'radio_buttons']),
    action_id: actionId,
    options: z.array(option).min(1).max(10),
  }),
  z.looseObject({
    type: z.enum([
      'users_select',
      'multi_users_select',
      'conversations_select',
      'multi_conversations_select',
      'channels_select',
      'multi_channels_select',
      'datepicker',
      'timepicker',
      'number_input',
      'email_text_input',
      'url_text_input',
      'file_input',
      'rich_text_input',
    ]),
    action_id: actionId,
  }),
  z.looseObject({
    type: z.literal('image'),
    image_url: z.url().max(3000).optional(),
    alt_text: z.string().min(1).max(2000),
  }),
]);
const feedback = z.looseObject({ text: plain(75), value: z.string().max(2000) });
const contextAction = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.literal('feedback_buttons'),
    action_id: actionId,
    positive_button: feedback,
    negative_button: feedback,
  }),
  z.looseObject({
    type: z.literal('icon_button'),
    action_id: actionId,
    icon: z.literal('trash'),
    text: plain(75),
    value,
  }),
]);

const blockId = { block_id: z.string().max(255).optional() };
const block = z.discriminatedUnion('type', [
  z
    .looseObject({
      type: z.literal('section'),
      ...blockId,
      text: anyText(3000).optional(),
      fields: z.array(anyText(2000)).min(1).max(10).optional(),
      accessory: element.optional(),
    })
    .refine(({ text, fields }) => (text ?? fields) !== undefined, {
      message: 'a section without text',
    }),
  z.looseObject({ type: z.literal('header'), ...blockId, text: plain(150) }),
  z.looseObject({ type: z.literal('divider'), ...blockId }),
  z.looseObject({
    type: z.literal('context'),
    ...blockId,
    elements: z
      .array(z.union([anyText(3000), element]))
      .min(1)
      .max(10),
  }),
  z.looseObject({
    type: z.literal('actions'),
    ...blockId,
    elements: z.array(element).min(1).max(25),
  }),
  z.looseObject({
    type: z.literal('context_actions'),
    ...blockId,
    elements: z.array(contextAction).min(1).max(5),
  }),
  z.looseObject({
    type: z.literal('image'),
    ...blockId,
    image_url: z.url().max(3000).optional(),
    slack_file: z.looseObject({}).optional(),
    alt_text: z.string().min(1).max(2000),
    title: plain(2000).optional(),
  }),
  z.looseObject({
    type: z.literal('input'),
    ...blockId,
    label: plain(2000),
    element,
    hint: plain(2000).optional(),
  }),
  z.looseObject({
    type: z.literal('markdown'),
    ...blockId,
    text: z.string().min(1).max(12_000),
  }),
  z.looseObject({
    type: z.enum(['rich_text', 'table', 'file', 'video', 'task_card', 'plan', 'card', 'alert']),
    ...blockId,
  }),
]);

/** Blocks as messages (50) and views (100) take them. */
function blocksOf(max: number) {
  return z
    .array(block)
    .max(max, `more than ${max} blocks`)
    .refine((all) => isUnique(all.flatMap(({ block_id }) => block_id ?? [])), {
      message: 'two blocks have one block_id',
    })
    .refine((all) => all.every((each) => isUnique(actionIdsOf(each))), {
      message: 'two elements of a block have one action_id',
    });
}

const messageBlocks = blocksOf(50);
const messageMetadata = z.strictObject({
  event_type: z
    .string()
    .regex(/^[A-Za-z_][\w]*$/)
    .max(255),
  event_payload: z.record(z.string(), z.unknown()),
});

const viewSchema = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.literal('modal'),
    title: plain(24),
    submit: plain(24).optional(),
    close: plain(24).optional(),
    blocks: blocksOf(100).min(1),
    private_metadata: z.string().max(3000).optional(),
    callback_id: z.string().max(255).optional(),
    external_id: z.string().max(255).optional(),
  }),
  z.looseObject({
    type: z.literal('home'),
    blocks: blocksOf(100),
    private_metadata: z.string().max(3000).optional(),
    callback_id: z.string().max(255).optional(),
  }),
]);

/** Blocks as they may be posted; throws `invalid_blocks` or `msg_blocks_too_long`. */
export function checkBlocks(blocks: unknown): unknown[] {
  const { data, error } = messageBlocks.safeParse(blocks);
  if (error !== undefined) throw new Refusal('invalid_blocks', { breach: z.prettifyError(error) });
  const length = textLengthOf(data);
  if (length > maxBlocksLength)
    throw new Refusal('msg_blocks_too_long', {
      breach: `${length} characters in the blocks, at most ${maxBlocksLength}`,
    });
  return data;
}

/** Metadata of a message as Slack takes it; throws `invalid_metadata_format`. */
export function checkMetadata(metadata: unknown): unknown {
  const { data, error } = messageMetadata.safeParse(metadata);
  if (error !== undefined)
    throw new Refusal('invalid_metadata_format', { breach: z.prettifyError(error) });
  return data;
}

/** A modal or a home as Slack takes it; throws `invalid_arguments`. */
export function checkView(view: unknown, type: 'modal' | 'home'): Record<string, unknown> {
  const { data, error } = viewSchema.safeParse(view);
  if (error !== undefined)
    throw new Refusal('invalid_arguments', { breach: z.prettifyError(error) });
  if (data.type !== type)
    throw new Refusal('invalid_arguments', { breach: `a ${data.type} where a ${type} belongs` });
  return data;
}

/** A text that is not longer than Slack takes; throws the code. */
export function checkLength(text: string | undefined, max: number, code = 'msg_too_long'): void {
  const { length } = text ?? '';
  if (length > max)
    throw new Refusal(code, { breach: `a text of ${length} characters, at most ${max}` });
}

/** Characters of all the texts in blocks. */
function textLengthOf(part: unknown): number {
  if (Array.isArray(part)) return part.reduce((sum: number, each) => sum + textLengthOf(each), 0);
  if (typeof part !== 'object' || part === null) return 0;
  return Object.entries(part).reduce(
    (sum, [key, each]) =>
      sum + (key === 'text' && typeof each === 'string' ? each.length : textLengthOf(each)),
    0,
  );
}

function actionIdsOf(part: unknown): string[] {
  if (Array.isArray(part)) return part.flatMap(actionIdsOf);
  if (typeof part !== 'object' || part === null) return [];
  const own = 'action_id' in part && typeof part.action_id === 'string' ? [part.action_id] : [];
  return [...own, ...Object.values(part).flatMap(actionIdsOf)];
}

function isUnique(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}
