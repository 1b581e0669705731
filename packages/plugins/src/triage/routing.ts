import { z } from 'zod';
import { placeSchema } from '../place.js';
import { severities, type Ticket, ticketSchema } from './ticket.js';

/** Where tickets go that are as `when` says in all that it says; the first rule counts. */
export const ruleSchema = z.strictObject({
  when: z.strictObject({
    product: z.string().optional(),
    /** This one or a graver one. */
    severity: ticketSchema.shape.severity.optional(),
    /** Somewhere in the error message or the summary; capitals do not count. */
    contains: z.string().min(1).optional(),
  }),
  announce: placeSchema.optional(),
  /** Name of one of the operator's `webhooks`. */
  webhook: z.string().min(1).max(100).optional(),
});
/** See {@link ruleSchema}. */
export type Rule = z.output<typeof ruleSchema>;

/** Where a ticket goes; undefined when no rule is for it. */
export function routeOf(ticket: Ticket, rules: readonly Rule[]): Rule | undefined {
  return rules.find(({ when }) => isMeant(ticket, when));
}

function isMeant(
  { product, severity, errorMessage, summary }: Ticket,
  { product: wanted, severity: least, contains }: Rule['when'],
): boolean {
  const said = `${errorMessage}\n${summary}`.toLowerCase();
  return (
    (wanted === undefined || product.toLowerCase() === wanted.toLowerCase()) &&
    (least === undefined || severities.indexOf(severity) >= severities.indexOf(least)) &&
    (contains === undefined || said.includes(contains.toLowerCase()))
  );
}
