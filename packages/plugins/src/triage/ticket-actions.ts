import type { ReplyAction } from '@vistazo/core';
import type { Ticket } from './ticket.js';

/** What people can do with a ticket below its card; forward it where there are places to. */
export function ticketActions(
  { number, status, ...ticket }: Ticket,
  places: Readonly<Record<string, unknown>> = {},
): ReplyAction[] {
  const correct: ReplyAction = {
    label: 'Correct',
    command: { name: 'ticket', options: { number } },
    ask: [
      { option: 'severity', value: ticket.severity },
      { option: 'product', value: ticket.product },
      { option: 'summary', value: ticket.summary },
      { option: 'error-message', value: ticket.errorMessage },
      { option: 'next-step', value: ticket.nextStep },
    ],
  };
  const isOpen = status === 'open';
  const other: ReplyAction = {
    label: isOpen ? 'Close' : 'Open again',
    command: { name: 'ticket', options: { number, status: isOpen ? 'closed' : 'open' } },
  };
  return [correct, other, ...forwarding(number, Object.keys(places))];
}

function forwarding(number: number, places: readonly string[]): ReplyAction[] {
  const [first, ...others] = places;
  if (first === undefined) return [];
  const to = others.length === 0 ? { option: 'to', value: first } : { option: 'to' };
  return [
    {
      label: 'Forward',
      command: { name: 'forward', options: { number } },
      ask: [to, { option: 'blur' }],
    },
  ];
}
