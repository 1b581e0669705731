import type { KnownBlock } from '@slack/types';
import { z } from 'zod';
import { slackCodeOf } from '../slack-errors.js';

/** The calls of a stream: each with its arguments besides channel and `ts`. */
export type StreamCall = (
  method: 'chat.startStream' | 'chat.appendStream' | 'chat.stopStream',
  args: Record<string, unknown>,
  signal: AbortSignal,
) => Promise<unknown>;

/** Where a stream goes. */
export interface StreamPlace {
  channel: string;
  /** Streams are always replies. */
  thread_ts: string;
  /** Who asked, and of which team they are; Slack wants to know for whom it streams. */
  recipient_user_id: string;
  recipient_team_id: string;
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

/** What became of an append: `ended` where the stream takes nothing more, so that the message is changed instead. */
export type Appended = 'appended' | 'ended' | 'stopped by person';

/**
 * A message that grows by what is appended to it, as Slack streams answers natively, see
 * https://docs.slack.dev/reference/methods/chat.startStream.
 */
export class AnswerStream {
  #sent = '';
  #isOpen = true;
  readonly #startedAtMs = performance.now();

  private constructor(
    private readonly call: StreamCall,
    private readonly channel: string,
    readonly ts: string,
  ) {}

  /** Begins one; throws what the call throws. */
  static async start(
    call: StreamCall,
    place: StreamPlace,
    text: string,
    signal: AbortSignal,
  ): Promise<AnswerStream> {
    const beginning = wholeWords(text);
    const args = { ...place, ...(beginning !== '' && { markdown_text: beginning }) };
    const { ts } = startedSchema.parse(await call('chat.startStream', args, signal));
    const stream = new AnswerStream(call, place.channel, ts);
    stream.#sent = beginning;
    return stream;
  }

  /** Whether it takes more. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Appends what a text has more than before; `ended` too for one that does not go on from what was sent. */
  async append(text: string, signal: AbortSignal): Promise<Appended> {
    if (!this.#isOpen) return 'ended';
    const isOld = performance.now() - this.#startedAtMs > longestMs;
    if (isOld || !text.startsWith(this.#sent)) {
      await this.stop({}, signal);
      return 'ended';
    }
    return this.#send(wholeWords(text), signal);
  }

  /**
   * Appends the rest of a whole answer and ends it with what stands below it. False where the stream had ended or the
   * text is another one, so that the message has to be changed instead.
   */
  async finish(
    text: string,
    end: { blocks: KnownBlock[]; metadata: unknown },
    signal: AbortSignal,
  ): Promise<boolean> {
    if (!this.#isOpen) return false;
    const goesOn = text.startsWith(this.#sent);
    const rest = goesOn ? text.slice(this.#sent.length) : '';
    const isWhole = await this.stop(
      { ...end, ...(rest !== '' && { markdown_text: rest }) },
      signal,
    );
    return goesOn && isWhole;
  }

  /** Ends it; false where it had ended before. */
  async stop(args: Record<string, unknown>, signal: AbortSignal): Promise<boolean> {
    if (!this.#isOpen) return false;
    this.#isOpen = false;
    try {
      await this.call('chat.stopStream', { channel: this.channel, ts: this.ts, ...args }, signal);
      return true;
    } catch (error) {
      if (endedCodes.includes(slackCodeOf(error))) return false;
      throw error;
    }
  }

  async #send(text: string, signal: AbortSignal): Promise<Appended> {
    const more = text.slice(this.#sent.length);
    if (more === '') return 'appended';
    const args = { channel: this.channel, ts: this.ts, markdown_text: more };
    try {
      await this.call('chat.appendStream', args, signal);
      this.#sent = text;
      return 'appended';
    } catch (error) {
      const code = slackCodeOf(error);
      if (!endedCodes.includes(code)) throw error;
      this.#isOpen = false;
      return code === 'stopped_by_user' ? 'stopped by person' : 'ended';
    }
  }
}

/** Slack drops white space at the beginning of what is appended, so that it is sent at the end of what comes before. */
function wholeWords(text: string): string {
  return /^[\s\S]*\s(?=\S)/.exec(text)?.[0] ?? '';
}
