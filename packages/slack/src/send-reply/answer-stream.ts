import type { KnownBlock } from '@slack/types';
import { z } from 'zod';
import { isSurelyRefused, slackCodeOf } from '../slack-errors.js';
import type { PacedCalls } from './paced-calls.js';

/** Where a stream goes. */
export interface StreamPlace {
  tenant: string;
  channel: string;
  /** Streams are always replies. */
  threadTs: string;
  /** Who asked, and of which team they are; in channels Slack wants to know for whom it streams. */
  recipient?: { userId: string; teamId: string } | undefined;
}

const startedSchema = z.object({ ts: z.string() });

/** Slack ends a stream some five minutes after it began, whatever is appended meanwhile. */
const longestMs = 240_000;
/** What Slack says of a stream that takes nothing more. */
const endedCodes: readonly (string | undefined)[] = [
  'message_not_in_streaming_state',
  'stopped_by_user',
  'message_not_found',
];

/** Whether an error says that a stream takes nothing more. */
export function isEnded(error: unknown): boolean {
  return endedCodes.includes(slackCodeOf(error));
}

/** What became of an append: `ended` where the stream takes nothing more, so that the message is changed instead. */
export type Appended = 'appended' | 'ended' | 'stopped by person';

/**
 * A message that grows by what is appended to it, as Slack streams answers natively, see
 * https://docs.slack.dev/reference/methods/chat.startStream. It takes Markdown as it is; the bot makes harmless
 * what models say.
 */
export class AnswerStream {
  #sent: string;
  #isOpen = true;
  /** Whether it may say more than is known, as an append was not answered. */
  #isUnsure = false;
  readonly #startedAtMs = performance.now();

  private constructor(
    private readonly calls: PacedCalls,
    private readonly place: Pick<StreamPlace, 'tenant' | 'channel'>,
    readonly ts: string,
    sent: string,
    /** What the message carries when it has ended. */
    private readonly metadata: unknown,
  ) {
    this.#sent = sent;
  }

  /** Begins one; throws what the call throws, and does not wait where Slack asks for that. */
  static async start(
    calls: PacedCalls,
    { tenant, channel, threadTs, recipient }: StreamPlace,
    { text, metadata }: { text: string; metadata: unknown },
    signal: AbortSignal,
  ): Promise<AnswerStream> {
    const beginning = wholeWords(text.toWellFormed());
    const args = {
      channel,
      thread_ts: threadTs,
      ...(recipient !== undefined && {
        recipient_user_id: recipient.userId,
        recipient_team_id: recipient.teamId,
      }),
      ...(beginning !== '' && { markdown_text: beginning }),
    };
    const started = await calls.once({ method: 'chat.startStream', tenant, args, signal });
    const { ts } = startedSchema.parse(started);
    return new AnswerStream(calls, { tenant, channel }, ts, beginning, metadata);
  }

  /** Whether it takes more. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * Appends what a text has more than before, if Slack has room for it now; it comes with the next text otherwise.
   * `ended` too for one that does not go on from what was sent, and for a stream that is too old.
   */
  async append(said: string, signal: AbortSignal): Promise<Appended> {
    const text = said.toWellFormed();
    if (!this.#isOpen) return 'ended';
    const isOld = performance.now() - this.#startedAtMs > longestMs;
    if (isOld || !this.#isContinuedBy(text)) {
      await this.stop(signal);
      return 'ended';
    }
    const whole = wholeWords(text);
    const { tenant, channel } = this.place;
    const hasMore = whole.length > this.#sent.length;
    if (!hasMore || !this.calls.hasRoom('chat.appendStream', tenant, channel)) return 'appended';
    return this.#send(whole, signal);
  }

  /**
   * Appends the rest of a whole answer and ends it with what stands below it. False where the stream had ended or the
   * text is another one, so that the message has to be changed instead.
   */
  async finish(said: string, blocks: KnownBlock[], signal: AbortSignal): Promise<boolean> {
    const text = said.toWellFormed();
    if (!this.#isOpen) return false;
    if (!this.#isContinuedBy(text)) {
      await this.stop(signal);
      return false;
    }
    const rest = text.slice(this.#sent.length);
    return this.stop(signal, { blocks, ...(rest.trim() !== '' && { markdown_text: rest }) });
  }

  /** Ends it; false where it had ended before. */
  async stop(signal: AbortSignal, end: Record<string, unknown> = {}): Promise<boolean> {
    if (!this.#isOpen) return false;
    this.#isOpen = false;
    const { tenant, channel } = this.place;
    const args = { channel, ts: this.ts, metadata: this.metadata, ...end };
    try {
      await this.calls.call({ method: 'chat.stopStream', tenant, args, signal });
      return true;
    } catch (error) {
      if (isEnded(error)) return false;
      throw error;
    }
  }

  #isContinuedBy(text: string): boolean {
    return !this.#isUnsure && text.startsWith(this.#sent);
  }

  async #send(text: string, signal: AbortSignal): Promise<Appended> {
    const { tenant, channel } = this.place;
    const args = { channel, ts: this.ts, markdown_text: text.slice(this.#sent.length) };
    try {
      await this.calls.call({ method: 'chat.appendStream', tenant, args, signal });
      this.#sent = text;
      return 'appended';
    } catch (error) {
      if (!isEnded(error)) {
        this.#isUnsure ||= !isSurelyRefused(error);
        throw error;
      }
      this.#isOpen = false;
      return slackCodeOf(error) === 'stopped_by_user' ? 'stopped by person' : 'ended';
    }
  }
}

/** A longer word, as in languages without spaces, grows by its characters. */
const longestWordLength = 40;
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/**
 * The beginning of a text up to its last word. Slack drops white space at the beginning of what is appended, so that
 * it is sent at the end of what comes before.
 */
function wholeWords(text: string): string {
  const words = /^[\s\S]*\S\s+(?=\S)/.exec(text)?.[0] ?? '';
  const last = text.slice(words.length).trimEnd();
  if (last.length <= longestWordLength) return words;
  const all = [...graphemes.segment(last)];
  return words + last.slice(0, all.at(-1)?.index ?? 0);
}
