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
    .transform((all) => all.flatMap((each) => schema.safeParse(each).data ?? []));
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

const block = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('section'),
    text: textObject.optional().catch(undefined),
    fields: known(textObject),
  }),
  z.object({ type: z.literal('header'), text: textObject }),
  z.object({ type: z.literal('context'), elements: known(z.union([textObject, picture])) }),
  z.object({ type: z.literal('rich_text'), elements: z.array(z.unknown()) }),
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
 * What the blocks of a message say, which other apps post without a text: of sections, headers,
 * contexts and rich text (https://docs.slack.dev/reference/block-kit/blocks), a line for each, as
 * mrkdwn that `plainText` reads. Other blocks, and what is not as expected, are left out; of more than
 * {@link maxBlocksTextLength} the beginning is taken.
 */
export function textOfBlocks(blocks: unknown): string {
  let text = '';
  for (const each of known(block).parse(blocks)) {
    text += linesOf(each)
      .map((line) => `${line}\n`)
      .join('');
    if (text.length > maxBlocksTextLength) break;
  }
  return text.slice(0, lastCutUpTo(text, maxBlocksTextLength)).trim();
}

function linesOf(each: z.infer<typeof block>): string[] {
  switch (each.type) {
    case 'section':
      return [...(each.text === undefined ? [] : [each.text]), ...each.fields];
    case 'header':
      return [each.text];
    case 'context':
      return [each.elements.join(' ')];
    case 'rich_text':
      return each.elements.map((element) => richText(element, 1));
  }
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
