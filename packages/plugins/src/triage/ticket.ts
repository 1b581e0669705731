import { z } from 'zod';

/** From the least grave to the gravest. */
export const severities = ['low', 'medium', 'high', 'critical'] as const;
const severitySchema = z.enum(severities);

/** Of a screenshot that is about no product of the house. */
const otherProduct = 'other';

/** What the model reads from a screenshot. Lengths are bounded, since a small model may not come to an end. */
export function readingSchema(products: readonly string[]) {
  return z.object({
    product: products.length === 0 ? z.string().max(60) : z.enum([...products, otherProduct]),
    errorMessage: z.string().max(300),
    severity: severitySchema,
    summary: z.string().max(200),
    nextStep: z.string().max(200),
  });
}

/** A ticket as it is kept. */
export const ticketSchema = z.object({
  number: z.int(),
  status: z.enum(['open', 'closed']),
  product: z.string(),
  errorMessage: z.string(),
  severity: severitySchema,
  summary: z.string(),
  nextStep: z.string(),
  /** Who posted the screenshot, and where. */
  author: z.string(),
  authorId: z.string(),
  adapter: z.string(),
  conversationKey: z.string(),
  messageId: z.string(),
  openedAtMs: z.number(),
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
  summary: z.string().min(1).max(200).optional().describe('What happened'),
  'error-message': z.string().max(300).optional().describe('As it stands in the picture'),
  'next-step': z.string().min(1).max(200).optional().describe('What is to be done'),
});

const fieldOfOption = {
  status: 'status',
  severity: 'severity',
  product: 'product',
  summary: 'summary',
  'error-message': 'errorMessage',
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
export function readAnew(
  ticket: Ticket,
  reading: z.output<ReturnType<typeof readingSchema>>,
): Ticket {
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
