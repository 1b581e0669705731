import type { Place } from '../conversation/conversation.js';
import type { ConversationId, KeptTextPart, Person, PicturePart } from '../conversation/message.js';
import type { ConversationRecord, StoredMessage } from '../store/conversation-store.js';

/** A conversation before its first question. @internal */
export function newConversation(
  id: ConversationId,
  systemMessage: string | null,
  { isPrivate = false }: { isPrivate?: boolean } = {},
): ConversationRecord {
  const now = Date.now();
  return {
    id,
    title: '',
    systemMessage,
    shownLeaf: null,
    consentedAtMs: null,
    ...(isPrivate && { isPrivate }),
    createdAtMs: now,
    updatedAtMs: now,
  };
}

/** Where a new message stands, and whose it is. @internal */
export interface OwnPlace extends Place {
  person: Person;
}

/** Pictures come before what is quoted and the text, which may be blank. @internal */
export function newQuestion(
  place: OwnPlace,
  pictures: readonly PicturePart[],
  text: string,
  quoted: readonly KeptTextPart[] = [],
): StoredMessage {
  const texts = [...quoted, { type: 'text' as const, text }];
  const parts = [...pictures, ...texts.filter((each) => each.text.trim() !== '')];
  return { ...place, role: 'user', status: 'done', parts };
}

/** An answer that is not made yet, to a question of the same person. @internal */
export function emptyAnswer(place: OwnPlace): StoredMessage {
  return { ...place, role: 'assistant', status: 'running', parts: [] };
}
