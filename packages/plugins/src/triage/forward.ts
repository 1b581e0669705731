import type { Announcement, MessagePicture, PluginMessage } from '@vistazo/core';
import { z } from 'zod';
import { oneLine } from '../one-line.js';
import { type Place, placeSchema } from '../place.js';
import { stableKey } from '../stable-key.js';
import { blurredParts } from './blurred-parts.js';
import { alsoShownIn, type Ticket } from './ticket.js';
import { ticketCard } from './ticket-card.js';
import { forwardedKey, TicketStorage } from './ticket-storage.js';

/** Where operators can forward tickets to, by name. */
export const placesSchema = z.record(z.string().regex(/^[\w-]{1,40}$/), placeSchema);

/** What `/forward` takes besides the number of a ticket. */
export const forwardSchema = z.object({
  to: z.string().min(1).describe('Name of the place'),
  blur: z
    .string()
    .max(2000)
    .optional()
    .describe('Parts to fill: "x,y,width,height; …" in pixels or %, or none'),
  picture: z.int().min(1).default(1).describe('Which picture of the ticket'),
});

/** What is forwarded, and with what. */
export interface Forwarding {
  found: { source: string; ticket: Ticket };
  options: z.output<typeof forwardSchema>;
  message: Pick<PluginMessage, 'tenant' | 'author' | 'storage' | 'keptPicture'>;
  places: Readonly<Record<string, Place>>;
  announce: (announcement: Announcement) => Promise<void>;
  nowMs: number;
}

const saysHow =
  'Say which parts of the picture are to be made unreadable, with blur="x,y,width,height; …" in pixels or percent of it, or blur=none for none.';
const nothingDone = 'Nothing is forwarded.';

/**
 * Announces a ticket with a picture of it, of which the parts that a person chose are filled, at a place; the same once.
 * Gives a sentence about what was done.
 */
export async function forward(forwarding: Forwarding): Promise<string> {
  const { found, options, message, places } = forwarding;
  const { number, pictures } = found.ticket;
  const refused = (why: string) => `${why} ${nothingDone}`;
  const place = Object.hasOwn(places, options.to) ? places[options.to] : undefined;
  if (place === undefined) {
    const names = Object.keys(places).join(', ');
    return refused(`There is no place ${oneLine(options.to, 40)}; there are [${names}].`);
  }
  if (options.blur === undefined) return refused(saysHow);
  const name = pictures[options.picture - 1];
  if (name === undefined)
    return refused(
      `Ticket ${number} has no picture ${options.picture}; it has ${pictures.length}.`,
    );
  const picture = await message.keptPicture(idOf(name));
  if (picture === undefined)
    return refused(
      `The picture of ticket ${number} is gone: its message was deleted or forgotten.`,
    );
  const parts = blurredParts(options.blur, picture);
  if ('fault' in parts) return refused(parts.fault);
  return announceOnce(forwarding, place, picture, parts);
}

async function announceOnce(
  { found: { source, ticket }, options, message, announce, nowMs }: Forwarding,
  { adapter, conversationKey }: Place,
  picture: MessagePicture,
  { rectangles }: { rectangles: Parameters<MessagePicture['redacted']>[0] },
): Promise<string> {
  const { number } = ticket;
  const { tenant, author, storage } = message;
  const key = stableKey(source, adapter, conversationKey, picture.id, JSON.stringify(rectangles));
  const known = forwardedKey(source, key);
  if ((await storage.get(known)) !== undefined)
    return `Ticket ${number} was forwarded to ${options.to} like this before. ${nothingDone}`;
  const filled = countOf(rectangles.length);
  await new TicketStorage(storage).keep(source, alsoShownIn(ticket, { adapter, conversationKey }));
  await announce({
    adapter,
    tenant,
    conversationKey,
    key,
    text: `${ticketCard(ticket)}\n\nForwarded by ${oneLine(author.name, 100)}.`,
    pictures: [
      {
        picture: await picture.redacted(rectangles),
        name: `ticket-${number}.png`,
        description: `Screenshot of ticket ${number}, ${filled}: ${oneLine(ticket.summary, 300)}`,
      },
    ],
  });
  await storage.set(known, nowMs);
  return `Ticket ${number} is forwarded to ${options.to} with its picture, ${filled}.`;
}

function countOf(rectangles: number): string {
  if (rectangles === 0) return 'nothing of which is filled';
  return rectangles === 1
    ? 'one part of which is filled'
    : `${rectangles} parts of which are filled`;
}

/** The id of a picture by the name that `vistazo export` gives it. */
function idOf(exportedName: string): string {
  return exportedName.replace(/^images\/([0-9a-f]+)\..*$/, 'sha256:$1');
}
