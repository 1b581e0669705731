import { definePlugin, fenceText, type PluginMessage } from '@vistazo/core';
import { z } from 'zod';
import { conversationsSchema, isIn } from '../conversations.js';
import { oneLine } from '../one-line.js';
import { isOperator, operatorsSchema } from '../operators.js';
import { stableKey } from '../stable-key.js';
import { routeOf, ruleSchema } from './routing.js';
import {
  corrected,
  correctionSchema,
  readAnew,
  readingSchema,
  type Ticket,
  ticketSchema,
  without,
} from './ticket.js';
import { ticketActions } from './ticket-actions.js';
import { ticketCard, ticketLine } from './ticket-card.js';
import { TicketStorage } from './ticket-storage.js';

const configSchema = z.object({
  conversations: conversationsSchema,
  /** Who may list and correct tickets. Default everybody. */
  operators: operatorsSchema,
  /** Names of the products of the house; a ticket is about one of them, or `other`. Default: as the model reads it. */
  products: z.array(z.string().min(1).max(60)).default([]),
  /** Who is told of a ticket; the first rule that is for it counts. Default nobody. */
  rules: z.array(ruleSchema).default([]),
  /** What the model should know of the house, such as what counts as critical. Default nothing. */
  guidance: z.string().default(''),
});
type Config = z.output<typeof configSchema>;

/** Enough for every field at its longest. */
const maxNewTokens = 600;
const mostListed = 20;
const forOperators = 'That is for the operators of this bot.';

/**
 * Screenshots of what went wrong become tickets: read by the model into typed fields, shown in the
 * conversation, kept, and announced to whom the rules say. People put right what was misread.
 */
export const triage = definePlugin({
  name: 'triage',
  version: '1.0.0',
  config: configSchema,
  setup({ onMessage, onForget, command, announce, log, nowMs }) {
    onMessage('pictures', async (message, next) => {
      const { config, reply, command: called } = message;
      if (called !== undefined || !isIn(config.conversations, message)) return next();
      const source = sourceOf(message);
      const ticket = await openTicket(message, source, nowMs());
      reply(ticketCard(ticket), { actions: ticketActions(ticket) });
      log.info({ ticket: ticket.number, severity: ticket.severity }, 'ticket kept');
      const place = routeOf(ticket, config.rules);
      if (place === undefined) return;
      const { tenant } = message;
      const actions = ticketActions(ticket);
      await announce({ ...place, tenant, key: source, text: announcementOf(ticket), actions });
    });

    // An open ticket is work to be done, however old it is.
    onForget(async ({ storage, ...what }) => {
      if (what.reason === 'tenant') return;
      await new TicketStorage(storage).change((ticket) => {
        if (what.reason === 'age')
          return ticket.status === 'closed' && ticket.openedAtMs < what.beforeMs
            ? undefined
            : ticket;
        return ticket.adapter === what.person.adapter ? without(ticket, what.person.id) : ticket;
      });
    });

    command({
      name: 'tickets',
      description: 'Lists the latest tickets',
      options: z.object({
        status: z.enum(['open', 'closed', 'all']).default('open').describe('Which of them'),
        product: z.string().optional().describe('Only those about it'),
        limit: z.int().min(1).max(mostListed).default(10).describe('How many'),
      }),
      async run({ options: { status, product, limit }, reply, ...message }) {
        if (!isOperator(message.config.operators, message)) return reply(forOperators);
        const isWanted = (ticket: Ticket) =>
          (status === 'all' || ticket.status === status) &&
          (product === undefined || ticket.product.toLowerCase() === product.toLowerCase());
        const tickets = await new TicketStorage(message.storage).latest(isWanted, limit);
        reply(tickets.map(ticketLine).join('\n') || 'There are none.');
      },
    });

    command({
      name: 'ticket',
      description: 'Shows a ticket, or puts right what is said with it',
      options: z.object({
        number: z.int().min(1).describe('Of the ticket'),
        ...correctionSchema.shape,
      }),
      async run({ options: { number, ...given }, reply, ...message }) {
        if (!isOperator(message.config.operators, message)) return reply(forOperators);
        const tickets = new TicketStorage(message.storage);
        const found = await tickets.ofNumber(number);
        if (found === undefined) return reply(`There is no ticket ${number}.`);
        const ticket = corrected(found.ticket, given, message.author, nowMs());
        if (ticket.corrections.length > found.ticket.corrections.length)
          await tickets.keep(found.source, ticket);
        reply(ticketCard(ticket), { actions: ticketActions(ticket) });
      },
    });
  },
});

/** A message that is seen again, after a death of the process or a change, has the ticket that it had. */
async function openTicket(
  message: PluginMessage<Config>,
  source: string,
  nowMs: number,
): Promise<Ticket> {
  const tickets = new TicketStorage(message.storage);
  const reading = await read(message);
  const known = await tickets.ofSource(source);
  const { author, adapter, conversationKey, messageId } = message;
  const ticket =
    known === undefined
      ? ticketSchema.parse({
          ...reading,
          number: await tickets.takeNumber(source),
          status: 'open',
          ...{ author: author.name, authorId: author.id, adapter, conversationKey, messageId },
          openedAtMs: nowMs,
          corrections: [],
        })
      : readAnew(known, reading);
  await tickets.keep(source, ticket);
  return ticket;
}

function read({ generate, config: { products, guidance }, text }: PluginMessage<Config>) {
  return generate({
    schema: readingSchema(products),
    instructions: [
      'You turn screenshots that people send to support into tickets, as JSON with these fields.',
      products.length === 0
        ? 'product: the program or service that the screenshot is of.'
        : `product: one of ${products.join(', ')}; other when it is none of them.`,
      'errorMessage: the error message, word for word as it stands in the picture; empty when there is none.',
      'severity: low for a question or a blemish, medium when something does not work, high when somebody cannot work, critical when data, money or many people are at risk.',
      'summary: in one sentence, what happened.',
      'nextStep: in one sentence, what support should do first.',
      guidance,
    ]
      .filter(Boolean)
      .join('\n'),
    prompt:
      `Fill in the ticket. ${text.trim() === '' ? '' : fenceText('what the person wrote', text)}`.trim(),
    maxNewTokens,
  });
}

function sourceOf({ tenant, adapter, conversationKey, messageId }: PluginMessage<Config>): string {
  return stableKey(tenant, adapter, conversationKey, messageId);
}

function announcementOf(ticket: Ticket): string {
  return `${ticketCard(ticket)}\n\nFrom ${oneLine(ticket.author, 100)}.`;
}
