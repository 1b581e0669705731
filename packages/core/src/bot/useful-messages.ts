import type { Conversation } from '../conversation/conversation.js';
import { type MessageId, textOf } from '../conversation/message.js';
import type { StoredMessage } from '../store/conversation-store.js';

/**
 * The messages of a branch that are of use to a model. Those that were erased, and answers that failed or have no text, are not;
 * a question that itself made its answer fail would make the next one fail too. @internal
 */
export function usefulMessages(branch: readonly StoredMessage[]): StoredMessage[] {
  return branch.filter((each, index) =>
    each.role === 'user'
      ? each.parts.length > 0 && !isUnanswerable(branch[index + 1])
      : each.status !== 'failed' && textOf(each) !== '',
  );
}

/** What a model is asked for this answer: the useful messages of the branch up to its question. @internal */
export function promptMessages(
  conversation: Conversation<StoredMessage>,
  answerId: MessageId,
): StoredMessage[] {
  return usefulMessages(conversation.branchTo(answerId).slice(0, -1));
}

function isUnanswerable(answer: StoredMessage | undefined): boolean {
  return answer?.error !== undefined && /^(picture|chat)\./.test(answer.error.code);
}
