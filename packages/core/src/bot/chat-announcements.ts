import type { ReplyPost } from '../adapter/adapter.js';
import { Conversation } from '../conversation/conversation.js';
import { messageIdSchema } from '../conversation/message.js';
import { VistazoError } from '../errors.js';
import type { ConversationStore, StoredMessage } from '../store/conversation-store.js';
import { derivedUuid } from './derived-id.js';
import { findConversation } from './load-conversation.js';
import { newConversation } from './new-records.js';
import { conversationIdOf } from './turn-ids.js';

/**
 * Adds what a plugin announces to a conversation that people see in the store, once for its key. A place
 * that is none of theirs begins one under its name. Throws `platform.gone` where the conversation was
 * deleted. @internal
 */
export async function keepAnnouncement(
  store: ConversationStore,
  adapter: string,
  { tenant, conversationKey, text, idempotencyKey }: ReplyPost,
): Promise<void> {
  const id = conversationIdOf({ adapter, tenant, conversationKey });
  const loaded = await findConversation(store, id);
  if (loaded === undefined && conversationKey === `conversation:${id}`) {
    throw new VistazoError('platform.gone', `The conversation ${id} was deleted.`);
  }
  const messageId = messageIdSchema.parse(derivedUuid('announcement', idempotencyKey));
  const conversation = loaded?.conversation ?? new Conversation<StoredMessage>();
  if (conversation.has(messageId)) return;
  if (loaded === undefined)
    await store.createConversation({ ...newConversation(id, null), title: conversationKey });
  const message = conversation.append((place) => ({
    ...place,
    id: messageId,
    role: 'assistant',
    status: 'done',
    parts: [{ type: 'text', text }],
  }));
  await store.add(id, { pictures: [], messages: [message], shownLeaf: messageId });
}
