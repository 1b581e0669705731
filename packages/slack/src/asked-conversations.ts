import type { KnownMessage } from '@vistazo/core';
import { BoundedMap } from '@vistazo/core/adapter-kit';

const maxConversations = 50_000;

type Conversation = Pick<KnownMessage, 'tenant' | 'conversationKey'>;

/** Conversations where the bot was asked, and the `ts` of the latest question in each. */
export class AskedConversations {
  readonly #latest = new BoundedMap<string, string>(maxConversations);

  latestIn(conversation: Conversation): string | undefined {
    return this.#latest.get(keyOf(conversation));
  }

  /** Notes a question; an earlier one than is known changes nothing. */
  asked(message: KnownMessage): void {
    const known = this.latestIn(message);
    if (known !== undefined && Number(known) >= Number(message.messageId)) return;
    this.#latest.set(keyOf(message), message.messageId);
  }
}

function keyOf({ tenant, conversationKey }: Conversation): string {
  return `${tenant} ${conversationKey}`;
}
