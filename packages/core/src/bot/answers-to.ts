import type { GivenAnswer } from '../adapter/adapter.js';
import { type Person, textOf } from '../conversation/message.js';
import type { Store } from '../store/store.js';
import { latestTurn } from './latest-turn.js';
import { findConversation } from './load-conversation.js';
import { conversationIdOf } from './turn-ids.js';

const maxAnswers = 20;
const maxBeginningLength = 200;

/** See `AdapterHost.answersTo`. @internal */
export async function answersTo(
  store: Store,
  tenant: string,
  person: Person,
  limit: number,
): Promise<GivenAnswer[]> {
  const asked = await store.jobs.messagesOf(tenant, person, Math.min(limit, maxAnswers));
  const given = await Promise.all(
    asked.map(async ({ postedAtMs: askedAtMs, adapter, ...message }) => {
      const key = { ...message, adapter };
      const loaded = await findConversation(store.forTenant(tenant), conversationIdOf(key));
      const answer = loaded && latestTurn(loaded.conversation, key)?.answer;
      const isWhole = answer !== undefined && answer.status !== 'running';
      const beginning = isWhole ? lineOf(textOf(answer)) : '';
      return { ...message, askedAtMs, beginning };
    }),
  );
  return given.filter(({ beginning }) => beginning !== '');
}

function lineOf(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  if (line.length <= maxBeginningLength) return line;
  return `${line.slice(0, maxBeginningLength - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
