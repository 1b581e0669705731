import { z } from 'zod';

const eventType = 'vistazo_post';

const keyedSchema = z.object({
  ts: z.string(),
  metadata: z.object({
    event_type: z.literal(eventType),
    event_payload: z.object({ key: z.string() }),
  }),
});
const messagesSchema = z.object({ messages: z.array(z.unknown()) });

/**
 * What a message of the bot carries so that it is known again: Slack takes no key that would make it post once, so that
 * what may have been posted before is looked for by this, see https://docs.slack.dev/messaging/message-metadata.
 */
export function postMetadata(idempotencyKey: string) {
  return { event_type: eventType, event_payload: { key: idempotencyKey } };
}

/** The message with a key among those that Slack answered with. */
export function findPosted(answer: unknown, idempotencyKey: string): string | undefined {
  const messages = messagesSchema.safeParse(answer).data?.messages ?? [];
  return messages
    .flatMap((message) => keyedSchema.safeParse(message).data ?? [])
    .find(({ metadata }) => metadata.event_payload.key === idempotencyKey)?.ts;
}
