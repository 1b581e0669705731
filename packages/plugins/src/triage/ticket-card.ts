import { oneLine } from '../one-line.js';
import type { Ticket } from './ticket.js';

/** A ticket as people see it, in Markdown. */
export function ticketCard(ticket: Ticket): string {
  const { errorMessage, summary, nextStep } = ticket;
  return [
    `**Ticket ${ticket.number}** · ${oneLine(ticket.product)} · **${ticket.severity}** · ${ticket.status}`,
    ...(errorMessage.trim() === '' ? [] : [`> ${oneLine(errorMessage)}`]),
    oneLine(summary),
    `**Next step:** ${oneLine(nextStep)}`,
  ].join('\n\n');
}

/** A ticket in a list. */
export function ticketLine({ number, product, severity, status, summary }: Ticket): string {
  return `${number} · ${oneLine(product)} · ${severity} · ${status} · ${oneLine(summary, 80)}`;
}
