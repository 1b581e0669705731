import { Conversation } from '../conversation/conversation.js';
import type { ConversationId } from '../conversation/message.js';
import type {
  ConversationRecord,
  ConversationStore,
  StoredMessage,
} from '../store/conversation-store.js';

/** A conversation as it is in the store. @internal */
export interface LoadedConversation {
  record: ConversationRecord;
  conversation: Conversation<StoredMessage>;
}

/** Throws `store.notFound`. @internal */
export async function loadConversation(
  store: ConversationStore,
  id: ConversationId,
): Promise<LoadedConversation> {
  const record = await store.getConversation(id);
  const messages = await store.messagesOf(id);
  return { record, conversation: new Conversation({ ...record, messages }) };
}
