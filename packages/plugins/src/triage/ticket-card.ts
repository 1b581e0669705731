import { oneLine } from '../one-line.js';
import type { Incident } from './find-incident.js';
import type { Ticket } from './ticket.js';

/** A ticket as people see it, in Markdown; with how often it came up where that is more than once. */
export function ticketCard(ticket: Ticket, incident?: Incident): string {
  const { errorMessage, summary, nextStep } = ticket;
  return [
    `**Ticket ${ticket.number}** · ${oneLine(ticket.product)} · **${ticket.severity}** · ${ticket.status}`,
    ...(incident === undefined || incident.count < 2 ? [] : [sameAs(ticket, incident)]),
    ...(errorMessage.trim() === '' ? [] : [`> ${oneLine(errorMessage)}`]),
    ...details(ticket),
    oneLine(summary),
    `**Next step:** ${oneLine(nextStep)}`,
  ].join('\n\n');
}

function sameAs({ number }: Ticket, incident: Incident): string {
  const day = new Date(incident.sinceMs).toISOString().slice(0, 10);
  const what = incident.number === number ? 'Came up again' : `Same as ticket ${incident.number}`;
  return `**${what}** (${incident.count} times since ${day})`;
}

/** What is known besides, in one line; none where nothing is. */
function details({ screen, errorCode, language, confidence }: Ticket): string[] {
  const known = [
    oneLine(screen, 60),
    errorCode === '' ? '' : `code ${oneLine(errorCode, 40)}`,
    oneLine(language, 12),
    // No model is always right.
    confidence === undefined ? '' : `${Math.min(99, Math.round(100 * confidence))} % sure`,
  ].filter(Boolean);
  return known.length === 0 ? [] : [known.join(' · ')];
}

/** A ticket in a list. */
export function ticketLine({ number, product, severity, status, summary }: Ticket): string {
  return `${number} · ${oneLine(product)} · ${severity} · ${status} · ${oneLine(summary, 80)}`;
}
