import { z } from 'zod';
import { escapeMrkdwn, lastCutUpTo } from '../mrkdwn.js';

/** Most characters (UTF-16 units) that are taken of the blocks of a message. */
export const maxBlocksTextLength = 10_000;
/** A list in a list is deeper in Slack's data only by its `indent`; more would be none of Slack's. */
const maxDepth = 4;

/** Takes the elements of a list that are as expected. */
function known<T extends z.ZodType>(schema: T) {
  return z
    .array(z.unknown())
    .catch([])
    .transform((all) =>
      all.flatMap((each) => {
        const { success, data } = schema.safeParse(each);
        return success ? [data] : [];
      }),
    );
}

const textObject = z
  .object({ type: z.enum(['mrkdwn', 'plain_text']), text: z.string() })
  // In plain text nothing is a mark.
  .transform(({ type, text }) =>
    type === 'mrkdwn' ? text : text.replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
  );

const picture = z
  .object({ type: z.literal('image'), alt_text: z.string() })
  .transform(({ alt_text }) => escapeMrkdwn(alt_text));

const richTextBlock = z.object({
  type: z.literal('rich_text'),
  elements: z.array(z.unknown()),
});

const cell = z.union([
  z
    .object({ type: z.literal('raw_text'), text: z.string() })
    .transform(({ text }) => escapeMrkdwn(text)),
  z
    .object({ type: z.literal('raw_number'), value: z.number() })
    .transform(({ value }) => String(value)),
  richTextBlock.transform((found) => richTextLines(found).join(' ')),
  // An empty cell keeps the others in their columns.
  z.unknown().transform(() => ''),
]);
const rows = known(z.array(cell));

const optionalText = textObject.optional().catch(undefined);
const optionalString = z.string().optional().catch(undefined);
const optionalRichText = richTextBlock.optional().catch(undefined);

const block = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('section'),
    text: optionalText,
    fields: known(textObject),
  }),
  z.object({ type: z.enum(['header', 'alert']), text: textObject }),
  z.object({ type: z.literal('context'), elements: known(z.union([textObject, picture])) }),
  richTextBlock,
  // Markdown has no marks of Slack's.
  z.object({ type: z.literal('markdown'), text: z.string() }),
  z.object({ type: z.enum(['table', 'data_table']), caption: optionalString, rows }),
  z.object({
    type: z.literal('video'),
    title: optionalText,
    description: optionalText,
    author_name: optionalString,
  }),
  z.object({
    type: z.literal('card'),
    title: optionalText,
    subtitle: optionalText,
    body: optionalText,
  }),
  z.object({ type: z.literal('carousel'), elements: z.array(z.unknown()) }),
  z.object({
    type: z.literal('container'),
    title: optionalText,
    rich_text_title: optionalRichText,
    subtitle: optionalText,
    child_blocks: z.array(z.unknown()),
  }),
  z.object({
    type: z.literal('task_card'),
    title: optionalString,
    details: optionalRichText,
    output: optionalRichText,
  }),
  z.object({
    type: z.literal('plan'),
    title: optionalString,
    tasks: z.array(z.unknown()).catch([]),
  }),
]);

const richElement = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('link'), url: z.string(), text: z.string().optional() }),
  z.object({ type: z.literal('emoji'), name: z.string() }),
  z.object({ type: z.literal('user'), user_id: z.string() }),
  z.object({ type: z.literal('usergroup'), usergroup_id: z.string() }),
  z.object({ type: z.literal('channel'), channel_id: z.string() }),
  z.object({ type: z.literal('broadcast'), range: z.string() }),
  z.object({ type: z.literal('date'), fallback: z.string() }),
  z.object({ type: z.literal('color'), value: z.string() }),
  z.object({
    type: z.enum([
      'rich_text_section',
      'rich_text_list',
      'rich_text_quote',
      'rich_text_preformatted',
    ]),
    elements: z.array(z.unknown()),
  }),
]);

/**
 * What the blocks of a message say: all kinds that have words for readers
 * (https://docs.slack.dev/reference/block-kit/blocks), a line for each, as mrkdwn that `plainText` reads.
 * Buttons and what is not as expected are left out; of more than {@link maxBlocksTextLength} the beginning is
 * taken.
 */
export function textOfBlocks(blocks: unknown): string {
  let text = '';
  const add = (values: unknown, depth: number): void => {
    if (depth > maxDepth) return;
    for (const value of Array.isArray(values) ? values : []) {
      if (text.length > maxBlocksTextLength) return;
      const { data: each } = block.safeParse(value);
      if (each === undefined) continue;
      for (const line of linesOf(each)) if (line) text += `${line}\n`;
      add(blocksIn(each), depth + 1);
    }
  };
  add(blocks, 1);
  return text.slice(0, lastCutUpTo(text, maxBlocksTextLength)).trim();
}

type Block = z.infer<typeof block>;

function linesOf(each: Block): (string | undefined)[] {
  switch (each.type) {
    case 'section':
      return [each.text, ...each.fields];
    case 'header':
    case 'alert':
      return [each.text];
    case 'context':
      return [each.elements.join(' ')];
    case 'rich_text':
      return richTextLines(each);
    case 'markdown':
      return [escapeMrkdwn(each.text)];
    case 'table':
    case 'data_table':
      return [escaped(each.caption), ...each.rows.map((cells) => cells.join(' | '))];
    case 'video':
      return [each.title, escaped(each.author_name), each.description];
    case 'card':
      return [each.title, each.subtitle, each.body];
    case 'container':
      return [each.title, ...richTextLines(each.rich_text_title), each.subtitle];
    case 'task_card':
      return [escaped(each.title), ...[each.details, each.output].flatMap(richTextLines)];
    case 'plan':
      return [escaped(each.title)];
    case 'carousel':
      return [];
  }
}

/** What is in a block that holds others. */
function blocksIn(each: Block): unknown {
  switch (each.type) {
    case 'carousel':
      return each.elements;
    case 'container':
      return each.child_blocks;
    case 'plan':
      return each.tasks;
    default:
      return undefined;
  }
}

function escaped(text: string | undefined): string {
  return escapeMrkdwn(text ?? '');
}

function richTextLines(found: z.infer<typeof richTextBlock> | undefined): string[] {
  return (found?.elements ?? []).map((element) => richText(element, 1));
}

function richText(value: unknown, depth: number): string {
  const { data: element } = richElement.safeParse(value);
  if (element === undefined || depth > maxDepth) return '';
  switch (element.type) {
    case 'text':
      return escapeMrkdwn(element.text);
    case 'link':
      return linkMark(element.url, element.text ?? '');
    case 'emoji':
      return `:${element.name}:`;
    case 'user':
      return idMark('@', element.user_id);
    case 'usergroup':
      return idMark('!subteam^', element.usergroup_id);
    case 'channel':
      return idMark('#', element.channel_id);
    case 'broadcast':
      return idMark('!', element.range);
    case 'date':
      return escapeMrkdwn(element.fallback);
    case 'color':
      return escapeMrkdwn(element.value);
    case 'rich_text_list':
      return element.elements.map((each) => `• ${richText(each, depth + 1)}`).join('\n');
    default:
      return element.elements.map((each) => richText(each, depth + 1)).join('');
  }
}

function idMark(kind: string, id: string): string {
  return /^\w+$/.test(id) ? `<${kind}${id}>` : '';
}

function linkMark(url: string, label: string): string {
  const address = escapeMrkdwn(url).replaceAll('|', '%7C');
  return label === '' ? `<${address}>` : `<${address}|${escapeMrkdwn(label)}>`;
}
