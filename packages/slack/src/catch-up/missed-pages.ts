import { pause } from '@vistazo/core/adapter-kit';
import { z } from 'zod';
import { messageSchema } from '../parse-message/slack-message.js';
import type { SlackPlace } from '../place.js';
import type { PacedCalls } from '../send-reply/paced-calls.js';
import { isMessageGone, retryAfterMsOf } from '../slack-errors.js';
import type { Look } from './looks.js';

/** A message as histories tell of it: those that threads were begun of say what is in them. */
const toldSchema = messageSchema.extend({
  reply_count: z.number().nullish(),
  latest_reply: z.string().nullish(),
});
/** See {@link toldSchema}. */
export type ToldMessage = z.infer<typeof toldSchema>;

/** What was said in a place. */
export interface MissedPages {
  /** The earliest first. */
  messages: ToldMessage[];
  /** Whether that is all. */
  isAll: boolean;
  /** Whether the thread is gone with the message that it was begun of. */
  isGone: boolean;
}

const pageSchema = z.object({
  /** What is not understood is passed over. */
  messages: z
    .array(z.unknown())
    .transform((all) => all.flatMap((each) => toldSchema.safeParse(each).data ?? [])),
  response_metadata: z.object({ next_cursor: z.string().nullish() }).nullish(),
});

/** Messages of a page; apps outside of the Marketplace get 15. */
const pageSize = 200;
/** Of one place. */
const maxMessages = 1000;
const maxPages = 100;

/** Asks Slack what was said in a place, as patiently as it wants. */
export class MissedReader {
  constructor(
    private readonly calls: PacedCalls,
    private readonly team: string,
    private readonly signal: AbortSignal,
  ) {}

  /** Throws what Slack fails with, and the reason of the signal. */
  async read(look: Look): Promise<MissedPages> {
    const messages = new Map<string, ToldMessage>();
    let cursor = '';
    for (let page = 0; page < maxPages && messages.size < maxMessages; page++) {
      const more = { limit: pageSize, ...(cursor !== '' && { cursor }) };
      const told = await this.#ask(look, { oldest: look.afterTs, ...more });
      if (told === undefined) return { messages: [], isAll: true, isGone: true };
      for (const message of told.messages) messages.set(message.ts, message);
      cursor = told.response_metadata?.next_cursor ?? '';
      if (cursor === '') break;
    }
    const inOrder = [...messages.values()].toSorted((a, b) => Number(a.ts) - Number(b.ts));
    return { messages: inOrder, isAll: cursor === '', isGone: false };
  }

  /** Whether there is a message. Throws as {@link read} does. */
  async has(place: SlackPlace, ts: string): Promise<boolean> {
    const told = await this.#ask(place, { oldest: ts, latest: ts, inclusive: true, limit: 10 });
    return told?.messages.some((each) => each.ts === ts) ?? false;
  }

  /** Undefined where the thread is gone. */
  async #ask({ channel, threadTs }: SlackPlace, range: Record<string, unknown>) {
    const method = threadTs === undefined ? 'conversations.history' : 'conversations.replies';
    const args = { channel, ...range, ...(threadTs !== undefined && { ts: threadTs }) };
    const { calls, team: tenant, signal } = this;
    for (;;)
      try {
        return pageSchema.parse(await calls.once({ method, tenant, args, signal }));
      } catch (error) {
        if (isMessageGone(error)) return undefined;
        const retryAfterMs = retryAfterMsOf(error);
        if (retryAfterMs === undefined) throw error;
        // Every other turn is for what people wait for.
        await pause(2 * retryAfterMs, signal);
      }
  }
}
