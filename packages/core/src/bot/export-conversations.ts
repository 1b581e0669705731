import type { ImageId } from '../conversation/chat-message.js';
import { Conversation } from '../conversation/conversation.js';
import { type LabelledMessage, labelled } from '../conversation/picture-labels.js';
import type {
  ConversationRecord,
  ConversationStore,
  Rating,
  StoredMessage,
} from '../store/conversation-store.js';
import { usefulMessages } from './useful-messages.js';

/** Which conversations are exported. */
export interface ExportFilter {
  /** Changed at this time or later. Default all. */
  sinceMs?: number;
  /** Changed before this time. Default all. */
  untilMs?: number;
  /** Only those with such an answer, up to the last one. Default all. */
  rating?: Rating;
  /** Only those whose people agreed to it. Default all. */
  consented?: boolean;
}

/** A message in the chat format whose pictures are those of {@link ExportedConversation.pictures}, in order. */
export interface ExportedMessage {
  role: 'system' | 'user' | 'assistant';
  content: ({ type: 'text'; text: string } | { type: 'image' })[];
  /** Null where nobody rated it. */
  rating: Rating | null;
}

/** A conversation to learn from: its shown branch, which ends with an answer. */
export interface ExportedConversation {
  id: string;
  createdAtMs: number;
  /** Whether its people agreed to its use. */
  consent: boolean;
  messages: ExportedMessage[];
  /** Of all messages, in order. */
  pictures: ImageId[];
}

/**
 * The conversations of a tenant, newest change first, as they can be learned from: answers that
 * failed or are still made, and questions without an answer, are left out, and so is a conversation of
 * which nothing remains. Private conversations are never exported.
 */
export async function* exportConversations(
  store: ConversationStore,
  filter: ExportFilter = {},
): AsyncGenerator<ExportedConversation> {
  for (const record of await store.listConversations()) {
    if (!isWanted(record, filter)) continue;
    const conversation = new Conversation({
      ...record,
      messages: await store.messagesOf(record.id),
    });
    const messages = upToAnswer(conversation.shown, filter.rating);
    if (messages.length > 0) yield toExported(record, messages);
  }
}

function isWanted(
  { updatedAtMs, consentedAtMs, isPrivate }: ConversationRecord,
  {
    sinceMs = Number.NEGATIVE_INFINITY,
    untilMs = Number.POSITIVE_INFINITY,
    consented,
  }: ExportFilter,
): boolean {
  // What one person alone was to see is for nobody else.
  if (isPrivate) return false;
  if (updatedAtMs < sinceMs || updatedAtMs >= untilMs) return false;
  return consented !== true || consentedAtMs !== null;
}

/** The useful messages up to the last answer, or the last one with this rating. */
function upToAnswer(branch: readonly StoredMessage[], rating: Rating | undefined): StoredMessage[] {
  const ended = usefulMessages(branch).filter(({ status }) => status !== 'running');
  const answered = ended.filter(
    ({ role }, index) => role === 'assistant' || ended[index + 1]?.role === 'assistant',
  );
  const last = answered.findLastIndex(
    (message) =>
      message.role === 'assistant' && (rating === undefined || message.rating === rating),
  );
  return answered.slice(0, last + 1);
}

function toExported(
  { id, createdAtMs, consentedAtMs, systemMessage }: ConversationRecord,
  messages: readonly StoredMessage[],
): ExportedConversation {
  const system: ExportedMessage[] =
    systemMessage === null
      ? []
      : [{ role: 'system', content: [{ type: 'text', text: systemMessage }], rating: null }];
  return {
    id,
    createdAtMs,
    consent: consentedAtMs !== null,
    messages: [...system, ...labelled(messages).map(toExportedMessage)],
    pictures: messages.flatMap(({ parts }) =>
      parts.flatMap((part) => (part.type === 'image' ? [part.image] : [])),
    ),
  };
}

function toExportedMessage({
  message: { role, rating },
  parts,
}: LabelledMessage<StoredMessage>): ExportedMessage {
  return {
    role,
    content: parts.map((part) =>
      part.type === 'text' ? { type: 'text', text: part.text } : { type: 'image' },
    ),
    rating: rating ?? null,
  };
}
