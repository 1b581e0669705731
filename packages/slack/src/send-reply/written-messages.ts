import type { PostedReply, ReplyAction } from '@vistazo/core';
import { BoundedMap } from '@vistazo/core/adapter-kit';
import { placeOf } from '../place.js';

/** What is known of a message that was written. */
export interface Written {
  /** Undefined where this process did not write it. */
  text: string | undefined;
  idempotencyKey: string | undefined;
  actions: readonly ReplyAction[] | undefined;
  /** Whether the buttons of a whole answer stand below it. */
  hasEndButtons: boolean;
}

/** Messages whose text is known, to change their buttons alone. */
const maxMessages = 10_000;
const unknown: Written = {
  text: undefined,
  idempotencyKey: undefined,
  actions: undefined,
  hasEndButtons: false,
};

/** The messages that this process wrote. */
export class WrittenMessages {
  readonly #written = new BoundedMap<string, Written>(maxMessages);

  of(posted: PostedReply): Written {
    return this.#written.get(keyOf(posted)) ?? unknown;
  }

  /** What is not given stays as it was. */
  note(posted: PostedReply, written: Partial<Written>): void {
    this.#written.set(keyOf(posted), { ...this.of(posted), ...written });
  }
}

function keyOf({ tenant, conversationKey, postId }: PostedReply): string {
  return `${tenant} ${placeOf(conversationKey).channel} ${postId}`;
}
