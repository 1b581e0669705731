import type { Conversation } from '../conversation/conversation.js';
import type { StoredMessage } from '../store/conversation-store.js';
import type { MessageKey } from '../store/job-store.js';
import { turnIds } from './turn-ids.js';

/** The question that a message of a platform is now, and its answer; undefined where they are gone. @internal */
export function latestTurn(conversation: Conversation<StoredMessage>, key: MessageKey) {
  let latest: { question: StoredMessage; answer: StoredMessage } | undefined;
  for (let revision = 0; ; revision++) {
    const { answerId } = turnIds(key, revision);
    if (!conversation.has(answerId)) return latest;
    const [question, answer] = conversation.branchTo(answerId).slice(-2);
    if (question !== undefined && answer !== undefined) latest = { question, answer };
  }
}
