import type { Insertable, Selectable } from 'kysely';
import { z } from 'zod';
import { imageIdSchema } from '../../conversation/chat-message.js';
import {
  conversationIdSchema,
  type MessagePart,
  messageIdSchema,
  type PlaceInFile,
  pictureSourceSchema,
} from '../../conversation/message.js';
import { isErrorCode } from '../../errors.js';
import type { ConversationRecord, SeenContext, StoredMessage } from '../conversation-store.js';
import { framesOf } from './picture-rows.js';
import type { Database } from './schema.js';

type Row<Table extends keyof Database> = Selectable<Database[Table]>;
/** A row of `parts` with the size of its picture. @internal */
export type PartRow = Row<'parts'> & {
  width_px: number | null;
  height_px: number | null;
  frames: number | null;
  media_type: string | null;
};

const roleSchema = z.enum(['user', 'assistant']);
const statusSchema = z.enum(['running', 'done', 'stopped', 'failed']);
const ratingSchema = z.enum(['up', 'down']);

/** @internal */
export function toConversationRecord(row: Row<'conversations'>): ConversationRecord {
  return {
    id: conversationIdSchema.parse(row.id),
    title: row.title,
    systemMessage: row.system_message,
    shownLeaf: row.shown_leaf === null ? null : messageIdSchema.parse(row.shown_leaf),
    createdAtMs: row.created_at_ms,
    updatedAtMs: row.updated_at_ms,
    consentedAtMs: row.consented_at_ms,
    ...(row.is_private === 1 && { isPrivate: true }),
  };
}

/** @internal */
export function toStoredMessage(row: Row<'messages'>, parts: readonly PartRow[]): StoredMessage {
  const { error_code: code, error_message: message } = row;
  return {
    id: messageIdSchema.parse(row.id),
    parentId: row.parent_id === null ? null : messageIdSchema.parse(row.parent_id),
    role: roleSchema.parse(row.role),
    parts: parts.map(toPart),
    createdAtMs: row.created_at_ms,
    status: statusSchema.parse(row.status),
    ...(code !== null && {
      error: { code: isErrorCode(code) ? code : 'internal', message: message ?? '' },
    }),
    ...(row.rating !== null && { rating: ratingSchema.parse(row.rating) }),
    ...(row.seen !== null && { seen: parseSeen(row.seen) }),
    ...(row.person_adapter !== null &&
      row.person_id !== null && { person: { adapter: row.person_adapter, id: row.person_id } }),
  };
}

function toPart(row: PartRow): MessagePart {
  const authorId = row.author_id === null ? {} : { authorId: row.author_id };
  if (row.picture_id === null) return { type: 'text', text: row.text ?? '', ...authorId };
  return {
    type: 'image',
    image: imageIdSchema.parse(row.picture_id),
    widthPx: row.width_px ?? 0,
    heightPx: row.height_px ?? 0,
    ...framesOf(row),
    provenance: {
      author: row.author ?? '',
      ...authorId,
      origin: row.origin ?? '',
      postedAtMs: row.posted_at_ms ?? 0,
      ...(row.url !== null && { url: row.url }),
      ...(row.name !== null && { name: row.name }),
      ...placeOf(row),
      ...(row.source !== null && { source: pictureSourceSchema.parse(row.source) }),
    },
  };
}

function placeOf({ page, pages, at_ms: atMs, duration_ms: durationMs }: PartRow): {
  place?: PlaceInFile;
} {
  if (page !== null && pages !== null) return { place: { type: 'page', page, pages } };
  if (atMs !== null && durationMs !== null) return { place: { type: 'frame', atMs, durationMs } };
  return {};
}

/** @internal */
export function toPartRow(
  tenant: string,
  messageId: string,
  part: MessagePart,
  position: number,
): Insertable<Database['parts']> {
  const key = { tenant, message_id: messageId, position };
  if (part.type === 'text') return { ...key, text: part.text, author_id: part.authorId ?? null };
  const { author, authorId, origin, url, name, postedAtMs, place, source } = part.provenance;
  return {
    ...key,
    picture_id: part.image,
    author,
    origin,
    url: url ?? null,
    name: name ?? null,
    posted_at_ms: postedAtMs,
    author_id: authorId ?? null,
    source: source ?? null,
    ...(place?.type === 'page' && { page: place.page, pages: place.pages }),
    ...(place?.type === 'frame' && { at_ms: place.atMs, duration_ms: place.durationMs }),
  };
}

// Written by this file alone, so its shape is known.
function parseSeen(json: string): SeenContext {
  return JSON.parse(json);
}

/** @internal */
export function toMessageRow(
  tenant: string,
  conversationId: string,
  message: StoredMessage,
): Insertable<Database['messages']> {
  return {
    tenant,
    id: message.id,
    conversation_id: conversationId,
    parent_id: message.parentId,
    role: message.role,
    status: message.status,
    error_code: message.error?.code ?? null,
    error_message: message.error?.message ?? null,
    rating: message.rating ?? null,
    seen: message.seen === undefined ? null : JSON.stringify(message.seen),
    created_at_ms: message.createdAtMs,
    person_adapter: message.person?.adapter ?? null,
    person_id: message.person?.id ?? null,
  };
}
