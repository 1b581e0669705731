import { type CommandContext, definePlugin, type PluginMessage, VistazoError } from '@vistazo/core';
import { z } from 'zod';
import { conversationsSchema, isIn } from '../conversations.js';
import { oneLine } from '../one-line.js';
import { isOperator, operatorsSchema, seesAll } from '../operators.js';
import type { Place } from '../place.js';
import { bears, rowsOf } from './corrections.js';
import { Deliveries, deliverEveryMs } from './deliveries.js';
import { digestOf, digestSchema } from './digest.js';
import { forward, forwardSchema, placesSchema } from './forward.js';
import { openTicket, sourceOf } from './open-ticket.js';
import { type Rule, routeOf, ruleSchema } from './routing.js';
import {
  alsoShownIn,
  corrected,
  correctionSchema,
  isShownIn,
  type Ticket,
  without,
} from './ticket.js';
import { ticketActions } from './ticket-actions.js';
import { ticketCard, ticketLine } from './ticket-card.js';
import { TicketStorage } from './ticket-storage.js';
import { type Webhook, webhookSchema } from './webhook.js';

const optionsSchema = z.object({
  conversations: conversationsSchema,
  /**
   * Who may list and correct tickets, of all conversations. Default: everybody, in each conversation those that were
   * made or announced there.
   */
  operators: operatorsSchema,
  /** Names of the products of the house; a ticket is about one of them, or `other`. Default: as the model reads it. */
  products: z.array(z.string().min(1).max(60)).default([]),
  /** Who is told of a ticket; the first rule that is for it counts. Default nobody. */
  rules: z.array(ruleSchema).default([]),
  /**
   * How a screenshot is read: `object` lets the model write all fields at once; `questions` asks it for each field
   * that stands in the picture, in few words, and takes the rest by rule: for small models such as the embedded one.
   */
  reading: z.enum(['object', 'questions']).default('object'),
  /** A ticket joins the incident of an open one of so many days that tells of the same; 0 for never. Default 7. */
  groupDays: z.number().min(0).max(365).default(7),
  /** Whether rules count for every ticket of an incident, and not for its first alone. Default false. */
  announceRepeats: z.boolean().default(false),
  /** Where rules can post tickets to, by name; those of the bot, whatever a tenant has. Default none. */
  webhooks: z.record(z.string().min(1), webhookSchema).default({}),
  /** Where operators can forward tickets to with `/forward`, by name; `operators` must be given then. Default none. */
  places: placesSchema.default({}),
  /** One message every day about the tickets of the last 24 hours. Default none. */
  digest: digestSchema.optional(),
  /** Lets whoever bears it fetch what people corrected; 32 characters or more. Default: nobody can. */
  exportToken: z.string().min(32).optional(),
  /** What the model should know of the house, such as what counts as critical. Default nothing. */
  guidance: z.string().default(''),
});
const configSchema = optionsSchema.refine(
  ({ places, operators }) => operators !== undefined || Object.keys(places).length === 0,
  { path: ['operators'], message: 'must name who may forward tickets to the places' },
);

const mostListed = 20;
const forOperators = 'That is for the operators of this bot.';

/** A message of which a ticket is made, or a command that makes one. */
type Triaged = Pick<CommandContext<z.output<typeof configSchema>, object>, 'reply'> &
  PluginMessage<z.output<typeof configSchema>>;

/**
 * Screenshots of what went wrong become tickets: read by the model into typed fields, shown in the
 * conversation, kept, and announced to whom the rules say. People put right what was misread.
 */
export const triage = definePlugin({
  name: 'triage',
  version: '1.0.0',
  config: configSchema,
  setup({ onMessage, onForget, command, schedule, route, announce, storage, log, nowMs, config }) {
    const { webhooks, digest, exportToken, places } = config;
    const canForward = Object.keys(places).length > 0;
    const actionsFor = (ticket: Ticket, own: typeof config) =>
      ticketActions(ticket, canForward ? own.places : {});
    requireWebhooks(config.rules, webhooks);
    const deliveries = new Deliveries({ storage, webhooks, log, nowMs });

    /** Opens a ticket, shows it, and tells of it whom the rules say. */
    const triageMessage = async (message: Triaged): Promise<void> => {
      const { config: own, reply, tenant } = message;
      const source = sourceOf(message);
      const { ticket, incident } = await openTicket(message, nowMs());
      const actions = actionsFor(ticket, own);
      reply(ticketCard(ticket, incident), { actions });
      log.info({ ticket: ticket.number, severity: ticket.severity }, 'ticket kept');
      if (ticket.incident !== ticket.number && !own.announceRepeats) return;
      const rule = routeOf(ticket, own.rules);
      if (rule === undefined) return;
      requireWebhooks([rule], webhooks);
      if (rule.webhook !== undefined) await deliveries.add(tenant, source, rule.webhook);
      if (rule.announce === undefined) return;
      await new TicketStorage(message.storage).keep(source, alsoShownIn(ticket, rule.announce));
      const text = announcementOf(ticket);
      await announce({ ...rule.announce, tenant, key: source, text, actions });
    };

    onMessage('pictures', async (message, next) => {
      const { config: own, command: called } = message;
      if (called !== undefined || !isIn(own.conversations, message)) return next();
      await triageMessage(message);
    });

    command({
      name: 'triage-screenshot',
      description: 'Makes a ticket of a screenshot',
      options: z.object({}),
      pictures: 'required',
      run: triageMessage,
    });

    if (Object.keys(webhooks).length > 0)
      schedule({
        name: 'webhooks',
        every: deliverEveryMs,
        run: ({ signal }) => deliveries.deliver(signal),
      });

    if (digest !== undefined)
      schedule({
        name: 'digest',
        every: digest.cron,
        timeZone: digest.timeZone,
        run: async ({ atMs }) => announce(await digestOf(digest, storage(digest.tenant), atMs)),
      });

    if (exportToken !== undefined)
      route('GET', '/corrections.jsonl', async (request) => {
        if (!bears(request, exportToken)) return new Response('Unauthorized', { status: 401 });
        const tenant = new URL(request.url).searchParams.get('tenant');
        if (tenant === null) return new Response('Name a tenant: ?tenant=…', { status: 400 });
        const isCorrected = ({ corrections }: Ticket) => corrections.length > 0;
        const tickets = await new TicketStorage(storage(tenant)).latest(isCorrected, Infinity);
        const rows = tickets.flatMap((ticket) => rowsOf(ticket, config));
        const lines = rows.map((row) => `${JSON.stringify(row)}\n`);
        const headers = { 'content-type': 'application/x-ndjson' };
        return new Response(lines.join(''), { headers });
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
          mayBeShown(ticket, message) &&
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
        if (found === undefined || !mayBeShown(found.ticket, message))
          return reply(`There is no ticket ${number} here.`);
        const ticket = corrected(found.ticket, given, message.author, nowMs());
        if (ticket.corrections.length > found.ticket.corrections.length)
          await tickets.keep(found.source, ticket);
        reply(ticketCard(ticket), { actions: actionsFor(ticket, message.config) });
      },
    });

    if (canForward)
      command({
        name: 'forward',
        description: 'Shows a ticket elsewhere, with parts of its picture made unreadable',
        options: z
          .object({ number: z.int().min(1).describe('Of the ticket') })
          .extend(forwardSchema.shape),
        async run({ options: { number, ...options }, reply, ...message }) {
          const { operators, places } = message.config;
          if (!isOperator(operators, message)) return reply(forOperators);
          const found = await new TicketStorage(message.storage).ofNumber(number);
          if (found === undefined) return reply(`There is no ticket ${number}.`);
          const forwarding = { found, options, message, places, announce, nowMs: nowMs() };
          reply(await forward(forwarding));
        },
      });
  },
});

/** Whether whoever wrote a message may be shown a ticket where they wrote it. */
function mayBeShown(
  ticket: Ticket,
  message: Pick<PluginMessage<z.output<typeof configSchema>>, 'config' | 'author'> & Place,
): boolean {
  return seesAll(message.config.operators, message) || isShownIn(ticket, message);
}

/** Throws `plugin.invalid` for a rule that goes nowhere, or to a webhook that the bot has not. */
function requireWebhooks(
  rules: readonly Rule[],
  webhooks: Readonly<Record<string, Webhook>>,
): void {
  for (const { announce, webhook } of rules) {
    if (announce === undefined && webhook === undefined)
      throw new VistazoError(
        'plugin.invalid',
        'A rule of triage goes nowhere: give it announce, webhook or both.',
      );
    if (webhook !== undefined && !Object.hasOwn(webhooks, webhook))
      throw new VistazoError(
        'plugin.invalid',
        `A rule of triage names the webhook ${JSON.stringify(webhook)}; the bot has [${Object.keys(webhooks).join(', ')}].`,
      );
  }
}

function announcementOf(ticket: Ticket): string {
  return `${ticketCard(ticket)}\n\nFrom ${oneLine(ticket.author, 100)}.`;
}
