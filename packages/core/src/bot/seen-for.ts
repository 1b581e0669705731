import type { SeenForAnswer } from '../adapter/adapter.js';
import { leftOutIds } from '../conversation/context-plan.js';
import { picturesOf } from '../conversation/message.js';
import { numberPictures } from '../conversation/picture-numbers.js';
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
  const asked = promptMessages(loaded.conversation, answer.id);
  const without = leftOutIds(leftOut, asked);
  const numbers = numberPictures(asked);
  const sent = asked.flatMap((message, index) => {
    const pictures = without.has(message.id) ? [] : picturesOf(message);
    return pictures.map(({ provenance }, position) => ({
      provenance,
      number: numbers[index]?.[position] ?? 0,
    }));
  });
  // Where messages were forgotten since, nobody knows any more which picture was which.
  const isWhole = sent.length === pictures.length;
  return {
    pictures: pictures.map((picture, index) => ({ ...picture, ...(isWhole && sent[index]) })),
    promptTokens,
    imageTokens,
    leftOut,
    notes,
  };
}
