import type { Announcement, PluginStorage } from '@vistazo/core';
import { z } from 'zod';
import { oneLine } from '../one-line.js';
import { placeSchema } from '../place.js';
import { severities, type Ticket } from './ticket.js';
import { TicketStorage } from './ticket-storage.js';

/** Where and when a tenant's digest is announced. */
export const digestSchema = placeSchema.extend({
  tenant: z.string().min(1),
  /** Five fields of cron. Default 08:00 every day. */
  cron: z.string().default('0 8 * * *'),
  /** Of cron. Default UTC. */
  timeZone: z.string().default('UTC'),
});
type Digest = z.output<typeof digestSchema>;

const periodMs = 86_400_000;
const mostListed = 5;

/** The digest of the 24 hours before a time, to be announced. */
export async function digestOf(
  { adapter, tenant, conversationKey }: Digest,
  storage: PluginStorage,
  atMs: number,
): Promise<Announcement> {
  const tickets = await new TicketStorage(storage).latest(() => true, Number.POSITIVE_INFINITY);
  const text = digestText(tickets, atMs);
  return { adapter, tenant, conversationKey, text, key: `digest ${tenant} ${atMs}` };
}

/** In Markdown. */
export function digestText(tickets: readonly Ticket[], atMs: number): string {
  const fresh = tickets.filter(
    ({ openedAtMs }) => openedAtMs >= atMs - periodMs && openedAtMs < atMs,
  );
  const bySeverity = severities.toReversed().flatMap((severity) => {
    const count = fresh.filter((each) => each.severity === severity).length;
    return count === 0 ? [] : [`${count} ${severity}`];
  });
  const critical = tickets.filter(
    ({ status, severity }) => status === 'open' && severity === 'critical',
  );
  return [
    `**Tickets of the last 24 hours:** ${[fresh.length, ...bySeverity].join(' · ')}`,
    ...section(
      'By product',
      grouped(fresh, ({ product }) => oneLine(product, 60)).map(
        ([product, { length }]) => `${product}: ${length}`,
      ),
    ),
    ...section('Came up most', incidentsOf(fresh)),
    ...section('Critical and still open', critical.map(shortLine)),
  ].join('\n\n');
}

function section(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const rest = lines.length - mostListed;
  const more = rest > 0 ? [`- and ${rest} more`] : [];
  const shown = lines.slice(0, mostListed).map((line) => `- ${line}`);
  return [[`**${title}**`, ...shown, ...more].join('\n')];
}

/** Those of more than one ticket, the biggest first. */
function incidentsOf(tickets: readonly Ticket[]): string[] {
  return grouped(tickets, ({ incident, number }) => incident ?? number)
    .filter(([, { length }]) => length > 1)
    .map(([number, [latest, ...others]]) => {
      const { errorMessage = '', summary = '' } = latest ?? {};
      return `Ticket ${number}, ${others.length + 1} times: ${oneLine(errorMessage || summary, 80)}`;
    });
}

function shortLine({ number, product, summary }: Ticket): string {
  return `Ticket ${number} · ${oneLine(product, 60)} · ${oneLine(summary, 80)}`;
}

/** The largest group first. */
function grouped<Key>(tickets: readonly Ticket[], keyOf: (ticket: Ticket) => Key) {
  return [...Map.groupBy(tickets, keyOf)].sort(([, a], [, b]) => b.length - a.length);
}
