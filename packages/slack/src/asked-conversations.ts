import type { KnownMessage } from '@vistazo/core';
import { BoundedMap } from '@vistazo/core/adapter-kit';
import { tsOf } from './place.js';

const maxConversations = 50_000;

type Conversation = Pick<KnownMessage, 'tenant' | 'conversationKey'>;

/** Conversations where the bot was asked, and the `ts` of the latest question in each, or the like for a command. */
export class AskedConversations {
  readonly #latest = new BoundedMap<string, string>(maxConversations);

  latestIn(conversation: Conversation): string | undefined {
    return this.#latest.get(keyOf(conversation));
  }

  /** Notes a question; an earlier one than is known changes nothing. */
  asked(message: KnownMessage): void {
    const ts = tsOf(message.messageId);
    const known = this.latestIn(message);
    if (ts === undefined || (known !== undefined && Number(known) >= Number(ts))) return;
    this.#latest.set(keyOf(message), ts);
  }
}

function keyOf({ tenant, conversationKey }: Conversation): string {
  return `${tenant} ${conversationKey}`;
}
