import type { Place } from '../conversation/conversation.js';
import type { ConversationId, PicturePart } from '../conversation/message.js';
import type { ConversationRecord, StoredMessage } from '../store/conversation-store.js';

/** A conversation before its first question. @internal */
export function newConversation(
  id: ConversationId,
  systemMessage: string | null,
): ConversationRecord {
  const now = Date.now();
  return {
    id,
    title: '',
    systemMessage,
    shownLeaf: null,
    consentedAtMs: null,
    createdAtMs: now,
    updatedAtMs: now,
  };
}

/** Pictures come before what is quoted and the text, which may be blank. @internal */
export function newQuestion(
  place: Place,
  pictures: readonly PicturePart[],
  text: string,
  quoted: readonly string[] = [],
): StoredMessage {
  const texts = [...quoted, text].filter((each) => each.trim() !== '');
  const textParts = texts.map((each) => ({ type: 'text' as const, text: each }));
  return { ...place, role: 'user', status: 'done', parts: [...pictures, ...textParts] };
}

/** An answer that is not made yet. @internal */
export function emptyAnswer(place: Place): StoredMessage {
  return { ...place, role: 'assistant', status: 'running', parts: [] };
}
