import type { MessageEvent } from '../adapter/platform-event.js';
import type { MessageId } from '../conversation/message.js';
import type { WaitingQuestion } from './chat-service.js';
import type { LoadedConversation } from './load-conversation.js';
import { ownAnswerId } from './turn-ids.js';

/** Says of answers whether they wait or are made; of all where that is not known. @internal */
export function isOpenIn(
  open: readonly MessageEvent[] | undefined,
): (answer: { id: MessageId }) => boolean {
  const ids = open && new Set(open.map(({ messageId }) => ownAnswerId(messageId)));
  return ({ id }) => ids === undefined || ids.has(id);
}

/** Those of the open messages that are not in the conversation yet. @internal */
export function waitingIn(
  conversation: LoadedConversation['conversation'],
  open: readonly MessageEvent[],
): WaitingQuestion[] {
  return open.flatMap(({ messageId, versionOf, text, attachments }) => {
    const answerId = ownAnswerId(messageId);
    if (answerId === undefined || conversation.has(answerId)) return [];
    const isAnswerAgain =
      versionOf !== undefined &&
      conversation.has(versionOf) &&
      conversation.get(versionOf).role === 'assistant';
    return [{ answerId, text: isAnswerAgain ? '' : text, fileCount: attachments.length }];
  });
}
