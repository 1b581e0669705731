import { Conversation } from '../conversation/conversation.js';
import type { ConversationId } from '../conversation/message.js';
import { toVistazoError } from '../errors.js';
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

/** The same, or undefined where there is none. @internal */
export async function findConversation(
  store: ConversationStore,
  id: ConversationId,
): Promise<LoadedConversation | undefined> {
  try {
    return await loadConversation(store, id);
  } catch (error) {
    if (toVistazoError(error).code === 'store.notFound') return undefined;
    throw error;
  }
}
