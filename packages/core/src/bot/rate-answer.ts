import { textOf } from '../conversation/message.js';
import type { Rating } from '../store/conversation-store.js';
import type { MessageKey } from '../store/job-store.js';
import type { Store } from '../store/store.js';
import { latestTurn } from './latest-turn.js';
import { findConversation } from './load-conversation.js';
import { conversationIdOf } from './turn-ids.js';

/**
 * Keeps what somebody thinks of the latest answer to a message; gives both, and undefined where there
 * are none any more. @internal
 */
export async function rateAnswer(
  store: Store,
  key: MessageKey,
  rating: Rating | null,
): Promise<{ question: string; answer: string } | undefined> {
  const id = conversationIdOf(key);
  const tenant = store.forTenant(key.tenant);
  const loaded = await findConversation(tenant, id);
  const turn = loaded && latestTurn(loaded.conversation, key);
  if (turn === undefined) return undefined;
  await tenant.rate(id, turn.answer.id, rating);
  return { question: textOf(turn.question), answer: textOf(turn.answer) };
}
