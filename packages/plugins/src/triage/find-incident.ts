import { isSameIncident } from './incident.js';
import type { Ticket } from './ticket.js';
import type { TicketStorage } from './ticket-storage.js';

/** So many of the latest tickets are compared with a new one. */
const mostCompared = 500;

/** How often something happened before, for the card. */
export interface Incident {
  /** Of its first ticket, by which it is known. */
  number: number;
  /** Tickets of it that are kept, this one included. */
  count: number;
  /** Milliseconds since 1970. */
  sinceMs: number;
}

/**
 * The incident that a kept ticket belongs to: that of an open ticket of the last days that tells of the same,
 * or a new one of its own number. A ticket is kept before this is asked. Of two that come at once, the one with
 * the higher number finds the other, or is found by it as one that has decided, so that they do not part.
 */
export async function findIncident(
  tickets: TicketStorage,
  ticket: Ticket,
  sinceMs: number,
): Promise<number> {
  if (ticket.incident !== undefined) return ticket.incident;
  const isMeant = (other: Ticket) =>
    other.number !== ticket.number &&
    other.status === 'open' &&
    other.openedAtMs >= sinceMs &&
    (other.number < ticket.number || other.incident !== undefined) &&
    isSameIncident(ticket, other);
  const [latest] = await tickets.latest(isMeant, 1, mostCompared);
  return latest === undefined ? ticket.number : (latest.incident ?? latest.number);
}

/** How often an incident came up. */
export async function incidentOf(tickets: TicketStorage, ticket: Ticket): Promise<Incident> {
  const number = ticket.incident ?? ticket.number;
  const isOfIt = (other: Ticket) => (other.incident ?? other.number) === number;
  const found = await tickets.latest(isOfIt, mostCompared, mostCompared);
  const sinceMs = Math.min(ticket.openedAtMs, ...found.map(({ openedAtMs }) => openedAtMs));
  return { number, count: Math.max(1, found.length), sinceMs };
}
