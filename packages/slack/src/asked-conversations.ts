import type { KnownMessage } from '@vistazo/core';
import { BoundedMap } from '@vistazo/core/adapter-kit';
import { tsOf } from './place.js';

const maxConversations = 50_000;
/** Questions that are remembered in each. */
const maxQuestions = 50;

type Conversation = Pick<KnownMessage, 'tenant' | 'conversationKey'>;

/** Conversations where the bot was asked, and the `ts` of the latest questions in each, or the like for commands. */
export class AskedConversations {
  /** In order. */
  readonly #questions = new BoundedMap<string, readonly string[]>(maxConversations);

  latestIn(conversation: Conversation): string | undefined {
    return this.#in(conversation).at(-1);
  }

  /** The question before a message; undefined where none is known. */
  latestBefore(message: KnownMessage): string | undefined {
    const { messageId } = message;
    return this.#in(message).findLast((each) => Number(each) < Number(messageId));
  }

  has(message: KnownMessage): boolean {
    return this.#in(message).includes(message.messageId);
  }

  /** Notes a question. */
  asked(message: KnownMessage): void {
    const ts = tsOf(message.messageId);
    const known = this.#in(message);
    if (ts === undefined || known.includes(ts)) return;
    const all = [...known, ts].toSorted((a, b) => Number(a) - Number(b));
    this.#questions.set(keyOf(message), all.slice(-maxQuestions));
  }

  #in(conversation: Conversation): readonly string[] {
    return this.#questions.get(keyOf(conversation)) ?? [];
  }
}

function keyOf({ tenant, conversationKey }: Conversation): string {
  return `${tenant} ${conversationKey}`;
}
