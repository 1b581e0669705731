import {
  type ConversationId,
  conversationIdSchema,
  type MessageId,
  messageIdSchema,
} from '../conversation/message.js';
import type { Job, MessageKey } from '../store/job-store.js';
import { derivedUuid } from './derived-id.js';

/** The message that a job answers. @internal */
export function messageKeyOf({ adapter, event }: Pick<Job, 'adapter' | 'event'>): MessageKey {
  const { tenant, conversationKey, messageId } = event;
  return { adapter, tenant, conversationKey, messageId };
}

/** The conversation that is had in a place of a platform. @internal */
export function conversationIdOf({
  adapter,
  tenant,
  conversationKey,
}: Pick<MessageKey, 'adapter' | 'tenant' | 'conversationKey'>): ConversationId {
  const own = ownConversationId(conversationKey);
  if (own !== undefined) return own;
  return conversationIdSchema.parse(derivedUuid('conversation', adapter, tenant, conversationKey));
}

/** The question and the answer that a message of a platform becomes, each time it is changed. @internal */
export function turnIds(
  { adapter, tenant, conversationKey, messageId }: MessageKey,
  revision: number,
): { questionId: MessageId; answerId: MessageId } {
  const own = ownAnswerId(messageId);
  if (own !== undefined && revision === 0) {
    const questionId = messageIdSchema.parse(derivedUuid('question', own));
    return { questionId, answerId: own };
  }
  const parts = [adapter, tenant, conversationKey, messageId, revision];
  return {
    questionId: messageIdSchema.parse(derivedUuid('question', ...parts)),
    answerId: messageIdSchema.parse(derivedUuid('answer', ...parts)),
  };
}

/** The conversation that a key of an adapter names by its id in the store. @internal */
export function ownConversationId(conversationKey: string): ConversationId | undefined {
  return conversationIdSchema.safeParse(ownPart(conversationKey, 'conversation')).data;
}

/** The answer that a message of an adapter names by its id in the store. @internal */
export function ownAnswerId(messageId: string): MessageId | undefined {
  return messageIdSchema.safeParse(ownPart(messageId, 'answer')).data;
}

/** The id that a key of an adapter says is one of the store. */
function ownPart(key: string, kind: 'conversation' | 'answer'): string | undefined {
  return key.startsWith(`${kind}:`) ? key.slice(kind.length + 1) : undefined;
}
