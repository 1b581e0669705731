import type { Logger, PluginStorage } from '@vistazo/core';
import { toVistazoError } from '@vistazo/core';
import { z } from 'zod';
import { stableKey } from '../stable-key.js';
import { listedKey, TicketStorage } from './ticket-storage.js';
import { payloadOf, postTo, type Webhook } from './webhook.js';

/** Something that is still to be posted. The ticket is looked up when it is, so that none is kept here. */
const deliverySchema = z.object({
  tenant: z.string(),
  source: z.string(),
  webhook: z.string(),
  firstAtMs: z.number(),
  attempts: z.int(),
  nextAtMs: z.number(),
});
type Delivery = z.output<typeof deliverySchema>;

/** What a delivery needs. */
export interface DeliveryOptions {
  /** Of the plugin, in any tenant. */
  storage: (tenant: string) => PluginStorage;
  webhooks: Readonly<Record<string, Webhook>>;
  log: Logger;
  nowMs: () => number;
}

/** Where deliveries of all tenants are listed. No platform names a tenant so. */
const queueTenant = '(webhooks of all tenants)';
/** How often it is looked for what is due, in milliseconds. */
export const deliverEveryMs = 30_000;
const firstPauseMs = 30_000;
const longestPauseMs = 2 * 3_600_000;
const givenUpAfterMs = 86_400_000;

/**
 * Tickets on their way to webhooks. Each is listed durably before it is posted and taken off after it was, so that a
 * death of the process delays it and loses nothing; what was posted right before a death is posted again, under
 * the same id. After a failure it waits for longer and longer, and is given up after a day.
 */
export class Deliveries {
  readonly #queue: PluginStorage;

  constructor(private readonly options: DeliveryOptions) {
    this.#queue = options.storage(queueTenant);
  }

  /** Lists one, once for each ticket and webhook: a message that is seen again is not posted again. */
  async add(tenant: string, source: string, webhook: string): Promise<void> {
    const listed = listedKey(source, webhook);
    const values = this.options.storage(tenant);
    if ((await values.get(listed)) !== undefined) return;
    const nowMs = this.options.nowMs();
    const added = { tenant, source, webhook, firstAtMs: nowMs, attempts: 0, nextAtMs: nowMs };
    await this.#queue.set(`due ${stableKey(tenant, source, webhook)}`, added);
    await values.set(listed, true);
  }

  /** Posts what is due. A failure of one leaves the others alone. */
  async deliver(signal: AbortSignal): Promise<void> {
    for (const key of await this.#queue.keys('due ')) {
      if (signal.aborted) return;
      const delivery = deliverySchema.optional().parse(await this.#queue.get(key));
      if (delivery !== undefined && delivery.nextAtMs <= this.options.nowMs())
        await this.#attempt(key, delivery, signal);
    }
  }

  async #attempt(key: string, delivery: Delivery, signal: AbortSignal): Promise<void> {
    const { webhooks, storage, log, nowMs } = this.options;
    const { tenant, source, webhook: name } = delivery;
    const webhook = webhooks[name];
    const ticket = await new TicketStorage(storage(tenant)).ofSource(source);
    if (ticket === undefined || webhook === undefined) {
      if (ticket !== undefined) log.error({ webhook: name }, 'there is no such webhook');
      return this.#queue.delete(key);
    }
    const attempts = delivery.attempts + 1;
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (attempts - 1));
    // Kept before it is posted: no other process takes it meanwhile.
    const nextAtMs = nowMs() + pauseMs;
    await this.#queue.set(key, { ...delivery, attempts, nextAtMs });
    try {
      await postTo(webhook, payloadOf(ticket, tenant), { id: source, nowMs: nowMs(), signal });
      await this.#queue.delete(key);
    } catch (error) {
      const about = { webhook: name, ticket: ticket.number, attempts };
      const fields = { ...about, code: toVistazoError(error).code };
      const isOver = nextAtMs - delivery.firstAtMs > givenUpAfterMs;
      if (isOver) await this.#queue.delete(key);
      if (isOver) log.error(fields, 'ticket not posted, given up');
      else log.warn(fields, 'ticket not posted, will be tried again');
    }
  }
}
