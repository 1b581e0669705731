import type { Conversation } from '../conversation/conversation.js';
import { picturesOf, textOf } from '../conversation/message.js';
import type { ConversationRecord, StoredMessage } from '../store/conversation-store.js';
import type { ConversationSummary, ShownMessage } from './chat-service.js';

/** @internal */
export function toSummary(record: ConversationRecord): ConversationSummary {
  const { id, title, createdAtMs, updatedAtMs, consentedAtMs } = record;
  return { id, title, createdAtMs, updatedAtMs, consent: consentedAtMs !== null };
}

/** @internal */
export function toShown(
  conversation: Conversation<StoredMessage>,
  message: StoredMessage,
): ShownMessage {
  const { id, role, createdAtMs, status, error, rating, seen } = message;
  return {
    id,
    role,
    createdAtMs,
    status,
    text: textOf(message),
    pictures: picturesOf(message).map(({ image, widthPx, heightPx, provenance }) => ({
      id: image,
      widthPx,
      heightPx,
      provenance,
    })),
    versions: conversation.versions(id),
    ...(error !== undefined && { error }),
    ...(rating !== undefined && { rating }),
    ...(seen !== undefined && { seen }),
  };
}
