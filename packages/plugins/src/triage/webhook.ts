import { createHmac } from 'node:crypto';
import { guardedPost } from '@vistazo/core';
import { z } from 'zod';
import type { Ticket } from './ticket.js';

/** Where tickets are posted to as JSON. The operator says it, not a tenant. */
export const webhookSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  /** Signs what is sent: 16 characters or more, or `whsec_` followed by base64. Default: nothing is signed. */
  secret: z.string().min(16).optional(),
  /** Addresses that are not public and may be reached all the same, such as `10.0.0.7`. Default none. */
  allowAddresses: z.array(z.string()).default([]),
});
/** See {@link webhookSchema}. */
export type Webhook = z.output<typeof webhookSchema>;

/** What is posted of a ticket: all that is read and where it came from, no picture, and no ids of people. */
export function payloadOf(ticket: Ticket, tenant: string) {
  const { number, incident, status, product, screen, errorMessage, errorCode } = ticket;
  const { severity, language, summary, nextStep, confidence } = ticket;
  const { adapter, conversationKey, messageId, author, openedAtMs } = ticket;
  return {
    type: 'ticket.opened',
    ticket: {
      ...{ number, incident: incident ?? number, status, product, screen, errorMessage, errorCode },
      ...{ severity, language, summary, nextStep, confidence: confidence ?? null, author },
      openedAt: new Date(openedAtMs).toISOString(),
    },
    source: { tenant, adapter, conversationKey, messageId },
  };
}

/**
 * Posts JSON to a webhook. `id` is the same whenever the same is sent again, so that a receiver that knows
 * it can leave it out. Headers and signature are those of Standard Webhooks
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md), with the id as `Idempotency-Key` besides.
 * Throws `fetch.refused`, `fetch.failed`.
 */
export async function postTo(
  { url, secret, allowAddresses }: Webhook,
  payload: object,
  { id, nowMs, signal }: { id: string; nowMs: number; signal: AbortSignal },
): Promise<void> {
  const body = JSON.stringify(payload);
  const timestamp = String(Math.floor(nowMs / 1000));
  const headers = {
    'content-type': 'application/json',
    'idempotency-key': id,
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    ...(secret !== undefined && {
      'webhook-signature': `v1,${signature(secret, `${id}.${timestamp}.${body}`)}`,
    }),
  };
  const allowAddress = (address: string) => allowAddresses.includes(address);
  await guardedPost(url, body, { headers, signal, allowAddress });
}

const base64Prefix = 'whsec_';

function signature(secret: string, content: string): string {
  const key = secret.startsWith(base64Prefix)
    ? Buffer.from(secret.slice(base64Prefix.length), 'base64')
    : Buffer.from(secret);
  return createHmac('sha256', key).update(content).digest('base64');
}
