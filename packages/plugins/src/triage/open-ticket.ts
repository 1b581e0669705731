import type { MessagePicture, PluginMessage } from '@vistazo/core';
import { mayBeShownIn } from '../place.js';
import { stableKey } from '../stable-key.js';
import { findIncident, type Incident, incidentOf, mostCompared } from './find-incident.js';
import { readByQuestions } from './read-questions.js';
import { type ReadingConfig, readObject } from './reading.js';
import { readAnew, type Ticket, ticketSchema } from './ticket.js';
import { TicketStorage } from './ticket-storage.js';

/** What is needed to open tickets. */
export interface OpeningConfig extends ReadingConfig {
  reading: 'object' | 'questions';
  groupDays: number;
}

const dayMs = 86_400_000;

/**
 * A message that is seen again, after a death of the process or a change, has the ticket that it had. Its incident is
 * told as far as it came up in the same conversation: of tickets made elsewhere nobody learns here.
 */
export async function openTicket<Config extends OpeningConfig>(
  message: PluginMessage<Config>,
  nowMs: number,
): Promise<{ ticket: Ticket; incident: Incident }> {
  const { author, adapter, conversationKey, messageId, config, pictures } = message;
  const source = sourceOf(message);
  const tickets = new TicketStorage(message.storage);
  const reading = await (config.reading === 'object' ? readObject : readByQuestions)(message);
  const [first] = pictures;
  const seen = {
    pictureHash: await first?.perceptualHash(),
    pictures: await Promise.all(pictures.map(exportedName)),
  };
  const known = await tickets.ofSource(source);
  const ticket: Ticket =
    known === undefined
      ? ticketSchema.parse({
          ...reading,
          ...seen,
          number: await tickets.takeNumber(source),
          status: 'open',
          ...{ author: author.name, authorId: author.id, adapter, conversationKey, messageId },
          openedAtMs: nowMs,
          corrections: [],
        })
      : { ...readAnew(known, reading), ...seen };
  await tickets.keep(source, ticket);
  const sinceMs = config.groupDays === 0 ? Infinity : nowMs - config.groupDays * dayMs;
  const kept = await tickets.latest(() => true, mostCompared);
  const number = findIncident(ticket, kept, sinceMs);
  const decided = { ...ticket, incident: number };
  await tickets.keep(source, decided);
  const here = kept.filter((other) => mayBeShownIn(decided, other));
  return { ticket: decided, incident: incidentOf(decided, here) };
}

/** By what a message's ticket is known. */
export function sourceOf({
  tenant,
  adapter,
  conversationKey,
  messageId,
}: Pick<PluginMessage, 'tenant' | 'adapter' | 'conversationKey' | 'messageId'>): string {
  return stableKey(tenant, adapter, conversationKey, messageId);
}

const firstByteOfPng = 0x89;

/** As `vistazo export` names it. */
async function exportedName({ id, bytes }: MessagePicture): Promise<string> {
  const kind = (await bytes())[0] === firstByteOfPng ? 'png' : 'webp';
  return `images/${id.replace('sha256:', '')}.${kind}`;
}
