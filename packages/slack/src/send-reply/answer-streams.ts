import { type PostedReply, VistazoError } from '@vistazo/core';
import { BoundedMap } from '@vistazo/core/adapter-kit';
import { placeOf } from '../place.js';
import { retryAfterMsOf, slackCodeOf } from '../slack-errors.js';
import { AnswerStream, type StreamPlace } from './answer-stream.js';
import type { PacedCalls } from './paced-calls.js';

const maxStreams = 10_000;
/** How long a team where a stream could not be begun is not asked for one again. */
const withoutMs = 3_600_000;

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
   * Begins one and gives its `ts`. Undefined where answers do not stream: the team has no streams, or as many were
   * begun as Slack takes.
   */
  async start(
    tenant: string,
    place: StreamPlace,
    text: string,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { channel } = place;
    if (this.options.streaming === 'edits' || this.#isWithout(tenant)) return undefined;
    if (!this.calls.isFree('chat.startStream', tenant, channel)) return undefined;
    try {
      const stream = await AnswerStream.start(
        (method, args, callSignal) =>
          this.calls.call(method, tenant, { ...args, channel }, callSignal),
        place,
        text,
        signal,
      );
      this.#open.set(`${tenant} ${channel} ${stream.ts}`, stream);
      return stream.ts;
    } catch (error) {
      const isGone = error instanceof VistazoError && error.code === 'platform.gone';
      const isToWait = retryAfterMsOf(error) !== undefined;
      if (isGone || (slackCodeOf(error) === undefined && !isToWait)) throw error;
      if (!isToWait) this.#without.set(tenant, performance.now());
      return undefined;
    }
  }

  /** Undefined for a message that is changed in other ways. */
  of(posted: PostedReply): AnswerStream | undefined {
    const key = keyOf(posted);
    const stream = this.#open.get(key);
    if (stream === undefined || stream.isOpen) return stream;
    this.#open.delete(key);
    return undefined;
  }

  /** Ends the stream of a message, also one that another process began. */
  async end(posted: PostedReply, signal: AbortSignal): Promise<void> {
    const stream = this.of(posted);
    if (stream !== undefined) {
      await stream.stop({}, signal);
      return;
    }
    const { tenant, conversationKey, postId: ts } = posted;
    const { channel } = placeOf(conversationKey);
    await this.calls
      .call('chat.stopStream', tenant, { channel, ts }, signal)
      .catch((error: unknown) => {
        if (slackCodeOf(error) !== 'message_not_in_streaming_state') throw error;
      });
  }

  #isWithout(tenant: string): boolean {
    const sinceMs = this.#without.get(tenant);
    return sinceMs !== undefined && performance.now() - sinceMs < withoutMs;
  }
}

function keyOf({ tenant, conversationKey, postId }: PostedReply): string {
  return `${tenant} ${placeOf(conversationKey).channel} ${postId}`;
}
