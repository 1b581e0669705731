import type { KnownMessage } from '@vistazo/core';
import { BoundedMap } from '@vistazo/core/adapter-kit';

const maxConversations = 50_000;
/** Questions that are remembered in each. */
const maxQuestions = 50;

type Conversation = Pick<KnownMessage, 'tenant' | 'conversationKey'>;

/** Conversations where the bot was asked, and the `ts` of the latest questions in each. */
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
    if (this.has(message)) return;
    const all = [...this.#in(message), message.messageId];
    all.sort((a, b) => Number(a) - Number(b));
    this.#questions.set(keyOf(message), all.slice(-maxQuestions));
  }

  #in(conversation: Conversation): readonly string[] {
    return this.#questions.get(keyOf(conversation)) ?? [];
  }
}

function keyOf({ tenant, conversationKey }: Conversation): string {
  return `${tenant} ${conversationKey}`;
}
