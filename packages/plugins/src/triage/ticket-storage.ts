import type { PluginStorage } from '@vistazo/core';
import { type Ticket, ticketSchema } from './ticket.js';

const numberPrefix = 'number ';
const numberKey = (number: number) => `${numberPrefix}${String(number).padStart(9, '0')}`;
const ticketKey = (source: string) => `ticket ${source}`;

/** Says that a ticket was listed to be posted to a webhook; goes with the ticket. */
export const listedKey = (source: string, webhook = '') => `listed ${source} ${webhook}`;

/** Says that a ticket was forwarded, by how; goes with the ticket. */
export const forwardedKey = (source: string, how = '') => `forwarded ${source} ${how}`;

/**
 * Tickets of a tenant: each under what it came from, and under its number that. A number is taken before
 * its ticket is kept, so that after a death of the process there may be one without a ticket, and
 * never two tickets for one message.
 */
export class TicketStorage {
  constructor(private readonly values: PluginStorage) {}

  async ofSource(source: string): Promise<Ticket | undefined> {
    const value = await this.values.get(ticketKey(source));
    return value === undefined ? undefined : ticketSchema.parse(value);
  }

  /** Undefined when there is none. */
  async ofNumber(number: number): Promise<{ source: string; ticket: Ticket } | undefined> {
    const source = await this.values.get(numberKey(number));
    if (typeof source !== 'string') return undefined;
    const ticket = await this.ofSource(source);
    return ticket?.number === number ? { source, ticket } : undefined;
  }

  /** Keeps a ticket that has a number. */
  keep(source: string, ticket: Ticket): Promise<void> {
    return this.values.set(ticketKey(source), ticket);
  }

  /** Takes the next number; no other process gets the same. */
  async takeNumber(source: string): Promise<number> {
    const last = (await this.values.keys(numberPrefix)).at(-1);
    let number = last === undefined ? 1 : Number(last.slice(numberPrefix.length)) + 1;
    while (!(await this.values.add(numberKey(number), source))) number += 1;
    return number;
  }

  /** Keeps each ticket as it is changed, or deletes it; its number is not given again. */
  async change(change: (ticket: Ticket) => Ticket | undefined): Promise<void> {
    for (const key of await this.values.keys(numberPrefix)) {
      const found = await this.ofNumber(Number(key.slice(numberPrefix.length)));
      if (found === undefined) continue;
      const changed = change(found.ticket);
      if (changed !== undefined) await this.keep(found.source, changed);
      else await this.#delete(key, found.source);
    }
  }

  async #delete(key: string, source: string): Promise<void> {
    await this.values.delete(ticketKey(source));
    for (const prefix of [listedKey(source), forwardedKey(source)])
      for (const told of await this.values.keys(prefix)) await this.values.delete(told);
    await this.values.set(key, '');
  }

  /** Those that are wanted, the latest first, at most so many. */
  async latest(isWanted: (ticket: Ticket) => boolean, limit: number): Promise<Ticket[]> {
    const keys = await this.values.keys(numberPrefix);
    const found: Ticket[] = [];
    for (const key of keys.toReversed()) {
      if (found.length === limit) break;
      const numbered = await this.ofNumber(Number(key.slice(numberPrefix.length)));
      if (numbered !== undefined && isWanted(numbered.ticket)) found.push(numbered.ticket);
    }
    return found;
  }
}
