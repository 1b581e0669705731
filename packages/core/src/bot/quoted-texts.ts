import type { Attachment, MessageEvent, Quote } from '../adapter/platform-event.js';
import { fenceText } from '../conversation/fence.js';
import type { KeptTextPart } from '../conversation/message.js';

const labels: Record<Quote['source'], string> = {
  reply: 'message replied to',
  forward: 'forwarded message',
  embed: 'preview of a link',
  history: 'earlier message',
};

/** What a message brings that is not its author's word to the bot, fenced for a model. @internal */
export function quotedTexts({ attachments, quotes = [] }: MessageEvent): KeptTextPart[] {
  return [
    ...attachments.flatMap(({ description, author }, index) =>
      description === undefined
        ? []
        : [partOf(fenceText(`description of file ${index + 1}`, description), author?.id)],
    ),
    ...quotes.map(({ source, author, authorId, text }) => {
      const from = author === undefined ? '' : ` by ${author}`;
      return partOf(fenceText(`${labels[source]}${from}`, text), authorId);
    }),
  ];
}

/** What a model is told of files that it does not see, fenced. @internal */
export function unreadTexts(files: readonly Attachment[]): KeptTextPart[] {
  return files.map(({ name = '', author }) =>
    partOf(fenceText('file that you cannot see', name), author?.id),
  );
}

function partOf(text: string, authorId: string | undefined): KeptTextPart {
  return { type: 'text', text, ...(authorId !== undefined && { authorId }) };
}
