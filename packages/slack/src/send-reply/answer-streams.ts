import type { PostedReply } from '@vistazo/core';
import { BoundedMap } from '@vistazo/core/adapter-kit';
import { isDirect, placeOf } from '../place.js';
import { isSurelyRefused, retryAfterMsOf, slackCodeOf } from '../slack-errors.js';
import { AnswerStream, isEnded, type StreamPlace } from './answer-stream.js';
import type { PacedCalls } from './paced-calls.js';

const maxStreams = 10_000;
/** How long a team where no stream could be begun is not asked for one again. */
const withoutMs = 3_600_000;
/** What Slack refuses because of the channel or the thread; the team may have streams all the same. */
const placeCodes: readonly string[] = [
  'cannot_reply_to_message',
  'channel_not_found',
  'channel_type_not_supported',
  'invalid_thread_ts',
  'is_archived',
  'message_not_found',
  'method_not_supported_for_channel_type',
  'msg_too_long',
  'not_in_channel',
  'thread_not_found',
  'user_not_found',
];
const placeCode = /^(?:restricted_action|missing_recipient|invalid_recipient)/;

/** The streams that are open, by their messages. */
export class AnswerStreams {
  readonly #open = new BoundedMap<string, AnswerStream>(maxStreams);
  /** Teams without streams, and since when. */
  readonly #without = new BoundedMap<string, number>(maxStreams);

  constructor(
    private readonly calls: PacedCalls,
    private readonly options: { streaming: 'native' | 'edits' },
  ) {}

  /**
   * Begins one and gives its `ts`. Undefined where answers do not stream: the team has no streams, the channel takes
   * none, or as many were begun as Slack takes. Throws where it is not known whether it began.
   */
  async start(
    place: StreamPlace,
    beginning: { text: string; metadata: unknown },
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { tenant, channel } = place;
    if (!this.hasRoom(tenant, channel)) return undefined;
    try {
      const stream = await this.#begin(place, beginning, signal);
      this.#open.set(`${tenant} ${channel} ${stream.ts}`, stream);
      return stream.ts;
    } catch (error) {
      if (!isSurelyRefused(error)) throw error;
      if (isForTeam(error)) this.#without.set(tenant, performance.now());
      return undefined;
    }
  }

  /** Whether one may be begun now. */
  hasRoom(tenant: string, channel: string): boolean {
    if (this.options.streaming === 'edits' || this.#isWithout(tenant)) return false;
    return this.calls.hasRoom('chat.startStream', tenant, channel);
  }

  /** Undefined for a message that is changed in other ways. */
  of(posted: PostedReply): AnswerStream | undefined {
    const key = keyOf(posted);
    const stream = this.#open.get(key);
    if (stream === undefined || stream.isOpen) return stream;
    this.#open.delete(key);
    return undefined;
  }

  /** Ends the stream of a message with some more arguments, also one that another process began. */
  async end(
    posted: PostedReply,
    more: Record<string, unknown>,
    signal: AbortSignal,
  ): Promise<void> {
    const stream = this.of(posted);
    if (stream !== undefined) {
      await stream.stop(signal);
      return;
    }
    const { tenant, conversationKey, postId: ts } = posted;
    const args = { channel: placeOf(conversationKey).channel, ts, ...more };
    await this.calls
      .call({ method: 'chat.stopStream', tenant, args, signal })
      .catch((error: unknown) => {
        if (!isEnded(error)) throw error;
      });
  }

  /** In direct messages Slack knows who is spoken with, and some teams refuse to be told. */
  async #begin(
    { recipient, ...place }: StreamPlace,
    beginning: { text: string; metadata: unknown },
    signal: AbortSignal,
  ): Promise<AnswerStream> {
    const withRecipient = { ...place, recipient };
    if (!isDirect(place.channel))
      return AnswerStream.start(this.calls, withRecipient, beginning, signal);
    return AnswerStream.start(this.calls, place, beginning, signal).catch((error: unknown) => {
      if (!slackCodeOf(error)?.startsWith('missing_recipient')) throw error;
      return AnswerStream.start(this.calls, withRecipient, beginning, signal);
    });
  }

  #isWithout(tenant: string): boolean {
    const sinceMs = this.#without.get(tenant);
    return sinceMs !== undefined && performance.now() - sinceMs < withoutMs;
  }
}

function isForTeam(error: unknown): boolean {
  const code = slackCodeOf(error);
  if (code === undefined || retryAfterMsOf(error) !== undefined) return false;
  return !placeCodes.includes(code) && !placeCode.test(code);
}

function keyOf({ tenant, conversationKey, postId }: PostedReply): string {
  return `${tenant} ${placeOf(conversationKey).channel} ${postId}`;
}
