import type { ReplyAction } from '@vistazo/core';
import type { Ticket } from './ticket.js';

/** What people can do with a ticket below its card. */
export function ticketActions({ number, status, ...ticket }: Ticket): ReplyAction[] {
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
  return [correct, other];
}
