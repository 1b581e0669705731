import { isSameIncident } from './incident.js';
import type { Ticket } from './ticket.js';

/** So many of the latest tickets are compared with a new one. */
export const mostCompared = 500;

/** How often something happened before, for the card. */
export interface Incident {
  /** Of its first ticket among those that are shown. */
  number: number;
  /** Tickets of it among those, this one included. */
  count: number;
  /** Milliseconds since 1970. */
  sinceMs: number;
}

/**
 * Number of the incident that a kept ticket belongs to, out of the tickets that are kept: that of an open one since a
 * time that tells of the same (the first of several), or its own. A ticket is kept before this is asked. Of two that come at once,
 * the one with the higher number finds the other, or is found by it as one that has decided, so that they do not part.
 */
export function findIncident(ticket: Ticket, kept: readonly Ticket[], sinceMs: number): number {
  if (ticket.incident !== undefined) return ticket.incident;
  const same = kept.filter(
    (other) =>
      other.number !== ticket.number &&
      other.status === 'open' &&
      other.openedAtMs >= sinceMs &&
      (other.number < ticket.number || other.incident !== undefined) &&
      isSameIncident(ticket, other),
  );
  const numbers = same.map(({ incident, number }) => incident ?? number);
  return numbers.length === 0 ? ticket.number : Math.min(...numbers);
}

/** How often the incident of a ticket came up, as far as its tickets are among those that are given. */
export function incidentOf(ticket: Ticket, given: readonly Ticket[]): Incident {
  const incident = ticket.incident ?? ticket.number;
  const others = given.filter(
    (other) => other.number !== ticket.number && (other.incident ?? other.number) === incident,
  );
  const number = Math.min(ticket.number, ...others.map((other) => other.number));
  const sinceMs = Math.min(ticket.openedAtMs, ...others.map(({ openedAtMs }) => openedAtMs));
  return { number, count: 1 + others.length, sinceMs };
}
