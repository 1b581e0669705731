import { z } from 'zod';
import { mayBeShownIn, type Place, placeSchema } from '../place.js';
import type { Reading } from './reading.js';

/** From the least grave to the gravest. */
export const severities = ['low', 'medium', 'high', 'critical'] as const;
/** See {@link severities}. */
export const severitySchema = z.enum(severities);
/** See {@link severities}. */
export type Severity = z.infer<typeof severitySchema>;

/** A ticket as it is kept. What has a default was not kept by earlier versions. */
export const ticketSchema = z.object({
  number: z.int(),
  status: z.enum(['open', 'closed']),
  product: z.string(),
  screen: z.string().default(''),
  errorMessage: z.string(),
  errorCode: z.string().default(''),
  severity: severitySchema,
  language: z.string().default(''),
  summary: z.string(),
  nextStep: z.string(),
  /** How sure the model was, 0 to 1; absent where it did not tell. */
  confidence: z.number().optional(),
  /** Who posted the screenshot, and where. */
  author: z.string(),
  authorId: z.string(),
  adapter: z.string(),
  conversationKey: z.string(),
  messageId: z.string(),
  /** Where else it was shown, as the operator said. */
  shownIn: z.array(placeSchema).default([]),
  openedAtMs: z.number(),
  /** Number of the first ticket of the same incident; absent while that is not decided. */
  incident: z.int().optional(),
  /** Perceptual hash of the first picture. */
  pictureHash: z.string().optional(),
  /** Names that `vistazo export` gives its pictures. */
  pictures: z.array(z.string()).default([]),
  /** What people put right; a field that they did is not read anew. */
  corrections: z.array(
    z.object({
      field: z.string(),
      from: z.string(),
      to: z.string(),
      by: z.string(),
      byId: z.string(),
      atMs: z.number(),
    }),
  ),
});
/** See {@link ticketSchema}. */
export type Ticket = z.infer<typeof ticketSchema>;

/** What can be put right in a ticket, as options of a command. */
export const correctionSchema = z.object({
  status: ticketSchema.shape.status.optional().describe('Open or closed'),
  severity: severitySchema.optional().describe('How grave it is'),
  product: z.string().min(1).max(60).optional().describe('What it is about'),
  screen: z.string().max(60).optional().describe('Which window or page it shows'),
  language: z.string().max(12).optional().describe('Of the error message, such as en'),
  summary: z.string().min(1).max(200).optional().describe('What happened'),
  'error-message': z.string().max(300).optional().describe('As it stands in the picture'),
  'error-code': z.string().max(40).optional().describe('As it stands in the picture'),
  'next-step': z.string().min(1).max(200).optional().describe('What is to be done'),
});

const fieldOfOption = {
  status: 'status',
  severity: 'severity',
  product: 'product',
  screen: 'screen',
  language: 'language',
  summary: 'summary',
  'error-message': 'errorMessage',
  'error-code': 'errorCode',
  'next-step': 'nextStep',
} as const;

/** The ticket with what somebody put right. */
export function corrected(
  ticket: Ticket,
  given: z.output<typeof correctionSchema>,
  by: { id: string; name: string },
  atMs: number,
): Ticket {
  const options = Object.entries(fieldOfOption) as [keyof typeof fieldOfOption, keyof Ticket][];
  const changes = options.flatMap(([option, field]) => {
    const [from, to] = [String(ticket[field]), given[option]];
    return to === undefined || to === from
      ? []
      : [{ field, from, to, by: by.name, byId: by.id, atMs }];
  });
  const fields = Object.fromEntries(changes.map(({ field, to }) => [field, to]));
  return ticketSchema.parse({
    ...ticket,
    ...fields,
    corrections: [...ticket.corrections, ...changes],
  });
}

/** What was read anew, less what people put right before. */
export function readAnew(ticket: Ticket, reading: Reading): Ticket {
  const kept = new Set(ticket.corrections.map(({ field }) => field));
  const fresh = Object.entries(reading).filter(([field]) => !kept.has(field));
  return { ...ticket, ...Object.fromEntries(fresh) };
}

/** What is left of a ticket when somebody is forgotten; undefined where it is theirs. */
export function without(ticket: Ticket, personId: string): Ticket | undefined {
  if (ticket.authorId === personId) return undefined;
  const corrections = ticket.corrections.map((correction) =>
    correction.byId === personId ? { ...correction, by: '', byId: '' } : correction,
  );
  return { ...ticket, corrections };
}

/** Whether a ticket was made in a conversation, or shown there as the operator said. */
export function isShownIn(ticket: Ticket, place: Place): boolean {
  return [ticket, ...ticket.shownIn].some((made) => mayBeShownIn(place, made));
}

/** The ticket as one that is shown in a place too. */
export function alsoShownIn(ticket: Ticket, { adapter, conversationKey }: Place): Ticket {
  if (isShownIn(ticket, { adapter, conversationKey })) return ticket;
  return { ...ticket, shownIn: [...ticket.shownIn, { adapter, conversationKey }] };
}
