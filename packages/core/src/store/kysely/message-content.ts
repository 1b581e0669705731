import type { Selectable } from 'kysely';
import { z } from 'zod';
import {
  attachmentSchema,
  commandCallSchema,
  type MessageEvent,
  quoteSchema,
} from '../../adapter/platform-event.js';
import { messageIdSchema } from '../../conversation/message.js';
import type { Job, MessageContent } from '../job-store.js';
import type { Database } from './schema.js';

const pieceSchema = z.object({
  text: z.string(),
  attachments: z.array(attachmentSchema),
  quotes: z.array(quoteSchema).optional(),
});

const contentSchema = pieceSchema.extend({
  command: commandCallSchema.optional(),
  versionOf: messageIdSchema.optional(),
  notes: z.array(z.string()).default([]),
  isAnnouncement: z.boolean().default(false),
  /** What its author wrote shortly before, which is answered with it. */
  folded: z.array(pieceSchema.extend({ messageId: z.string() })).default([]),
});

/** What a job knows of its message, as it is kept. @internal */
export type StoredContent = z.output<typeof contentSchema>;

/** @internal */
export function parseContent(json: string | null): StoredContent {
  return contentSchema.parse(JSON.parse(json ?? ''));
}

/** As JSON; nothing of a message besides its content. @internal */
export function contentJson(
  { text, attachments, quotes, command, versionOf }: MessageContent,
  more: Partial<Pick<StoredContent, 'notes' | 'folded' | 'isAnnouncement'>> = {},
): string {
  return JSON.stringify({ text, attachments, quotes, command, versionOf, ...more });
}

/** The message of a job, with what was folded into it. @internal */
export function toMessage(
  row: Selectable<Database['jobs']>,
): Pick<Job, 'event' | 'notes' | 'isAnnouncement'> {
  const { notes, isAnnouncement, folded, command, versionOf, ...own } = parseContent(row.content);
  const pieces = [...folded, own];
  const quotes = pieces.flatMap((piece) => piece.quotes ?? []);
  const event: MessageEvent = {
    type: 'message',
    eventId: row.event_id,
    tenant: row.tenant,
    conversationKey: row.conversation_key,
    messageId: row.message_id,
    author: { id: row.author_id, name: row.author_name },
    postedAtMs: row.posted_at_ms,
    text: pieces
      .map(({ text }) => text)
      .filter((text) => text.trim() !== '')
      .join('\n'),
    attachments: pieces.flatMap(({ attachments }) => attachments),
    ...(quotes.length > 0 && { quotes }),
    ...(command !== undefined && { command }),
    ...(versionOf !== undefined && { versionOf }),
  };
  return { event, notes, isAnnouncement };
}
