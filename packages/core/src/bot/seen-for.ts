import type { SeenForAnswer } from '../adapter/adapter.js';
import { picturesOf } from '../conversation/message.js';
import type { MessageKey } from '../store/job-store.js';
import type { Store } from '../store/store.js';
import { latestTurn } from './latest-turn.js';
import { findConversation } from './load-conversation.js';
import { conversationIdOf } from './turn-ids.js';
import { promptMessages } from './useful-messages.js';

/** See `AdapterHost.seenFor`. @internal */
export async function seenFor(store: Store, key: MessageKey): Promise<SeenForAnswer | undefined> {
  const loaded = await findConversation(store.forTenant(key.tenant), conversationIdOf(key));
  const answer = loaded && latestTurn(loaded.conversation, key)?.answer;
  if (loaded === undefined || answer?.seen === undefined) return undefined;
  const { pictures, promptTokens, imageTokens, leftOut, notes = [] } = answer.seen;
  const without = new Set(leftOut.map(({ messageId }) => messageId));
  const sent = promptMessages(loaded.conversation, answer.id)
    .filter(({ id }) => !without.has(id))
    .flatMap(picturesOf);
  // Where messages were forgotten since, nobody knows any more which picture was which.
  const isWhole = sent.length === pictures.length;
  return {
    pictures: pictures.map((picture, index) => {
      const provenance = isWhole ? sent[index]?.provenance : undefined;
      return { ...picture, ...(provenance !== undefined && { provenance }) };
    }),
    promptTokens,
    imageTokens,
    leftOut,
    notes,
  };
}
