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
  const own = conversationIdSchema.safeParse(ownPart(conversationKey, 'conversation'));
  if (own.success) return own.data;
  return conversationIdSchema.parse(derivedUuid('conversation', adapter, tenant, conversationKey));
}

/** The question and the answer that a message of a platform becomes, each time it is changed. @internal */
export function turnIds(
  { adapter, tenant, conversationKey, messageId }: MessageKey,
  revision: number,
): { questionId: MessageId; answerId: MessageId } {
  const own = messageIdSchema.safeParse(ownPart(messageId, 'answer'));
  if (own.success && revision === 0) {
    const questionId = messageIdSchema.parse(derivedUuid('question', own.data));
    return { questionId, answerId: own.data };
  }
  const parts = [adapter, tenant, conversationKey, messageId, revision];
  return {
    questionId: messageIdSchema.parse(derivedUuid('question', ...parts)),
    answerId: messageIdSchema.parse(derivedUuid('answer', ...parts)),
  };
}

/** The id that a key of an adapter says is one of the store. */
function ownPart(key: string, kind: 'conversation' | 'answer'): string | undefined {
  return key.startsWith(`${kind}:`) ? key.slice(kind.length + 1) : undefined;
}
