import { z } from 'zod';

const eventType = 'vistazo_post';

const messageSchema = z.object({
  ts: z.string(),
  user: z.string().optional(),
  /** Present on messages that were streamed. */
  streaming_state: z.string().optional(),
  metadata: z
    .object({ event_type: z.string(), event_payload: z.object({ key: z.string() }).partial() })
    .optional()
    // That of other apps may look otherwise.
    .catch(undefined),
});

/** A message of a channel, as far as it tells whether the bot posted it. */
export type KeyedMessage = z.output<typeof messageSchema>;

/**
 * What a message of the bot carries so that it is known again: Slack takes no key that would make it post once, so that
 * what may have been posted before is looked for by this, see https://docs.slack.dev/messaging/message-metadata.
 */
export function postMetadata(idempotencyKey: string) {
  return { event_type: eventType, event_payload: { key: idempotencyKey } };
}

/** Messages that Slack told of; what is none is left out. */
export function keyedMessages(messages: readonly unknown[]): KeyedMessage[] {
  return messages.flatMap((message) => messageSchema.safeParse(message).data ?? []);
}

/** Whether a message carries a key. */
export function hasKey({ metadata }: KeyedMessage, idempotencyKey: string): boolean {
  return metadata?.event_type === eventType && metadata.event_payload.key === idempotencyKey;
}

/** Whether a message is a stream of the bot's that was left by a process that died: it gets its key when it ends. */
export function isOrphan(
  { user, streaming_state, metadata }: KeyedMessage,
  botUserId: string,
): boolean {
  return streaming_state !== undefined && metadata === undefined && user === botUserId;
}
