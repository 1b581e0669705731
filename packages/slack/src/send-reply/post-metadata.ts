import { z } from 'zod';

const eventType = 'vistazo_post';

const messageSchema = z.object({
  ts: z.string(),
  user: z.string().optional(),
  /** Present on messages that were streamed. */
  streaming_state: z.string().optional(),
  metadata: z
    .object({ event_type: z.string(), event_payload: z.object({ key: z.string() }).partial() })
    .optional(),
});
const messagesSchema = z.object({ messages: z.array(z.unknown()) });

/**
 * What a message of the bot carries so that it is known again: Slack takes no key that would make it post once, so that
 * what may have been posted before is looked for by this, see https://docs.slack.dev/messaging/message-metadata.
 */
export function postMetadata(idempotencyKey: string) {
  return { event_type: eventType, event_payload: { key: idempotencyKey } };
}

/**
 * The message with a key among those that Slack answered with. A stream gets its key only when it ends: one of the
 * bot's without any was left by a process that died, and there is one answer at a time in a thread.
 */
export function findPosted(
  answer: unknown,
  idempotencyKey: string,
  botUserId: string | undefined,
): string | undefined {
  const messages = (messagesSchema.safeParse(answer).data?.messages ?? []).flatMap(
    (message) => messageSchema.safeParse(message).data ?? [],
  );
  const keyed = messages.find(
    ({ metadata }) =>
      metadata?.event_type === eventType && metadata.event_payload.key === idempotencyKey,
  );
  const left = messages.find(
    ({ user, streaming_state, metadata }) =>
      streaming_state !== undefined && metadata === undefined && user === botUserId,
  );
  return (keyed ?? left)?.ts;
}
