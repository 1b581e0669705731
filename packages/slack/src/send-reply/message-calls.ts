import type { PostedReply, ReplyPost } from '@vistazo/core';
import { BoundedMap } from '@vistazo/core/adapter-kit';
import { z } from 'zod';
import { placeOf } from '../place.js';
import { slackCodeOf } from '../slack-errors.js';
import type { AnswerStreams } from './answer-streams.js';
import type { Around } from './around-answer.js';
import { messageBody } from './message-body.js';
import type { PacedCalls } from './paced-calls.js';
import { postMetadata } from './post-metadata.js';

/** How a message is written. */
export interface Writing {
  /** Whether it says more later. */
  grows: boolean;
  signal: AbortSignal;
}

const maxMessages = 100_000;

const postedSchema = z.object({ ts: z.string() });

/** What every message of the bot says besides its text: it mentions nobody and shows no previews. */
const quiet = {
  link_names: false,
  parse: 'none',
  unfurl_links: false,
  unfurl_media: false,
} as const;

/** The calls that post, change and take away whole messages. */
export class MessageCalls {
  /** Under which keys messages were posted. */
  readonly #keys = new BoundedMap<string, string>(maxMessages);
  /** When messages that grow by changes may be completed: their turn comes before that of others to grow. */
  readonly #turns = new BoundedMap<string, number>(maxMessages);

  constructor(
    private readonly calls: PacedCalls,
    private readonly streams: AnswerStreams,
  ) {}

  /** Notes under which key a message was posted. */
  noteKey(posted: PostedReply, idempotencyKey: string): void {
    this.#keys.set(nameOf(posted), idempotencyKey);
  }

  /** Undefined where an earlier process posted it. */
  keyOf(posted: PostedReply): string | undefined {
    return this.#keys.get(nameOf(posted));
  }

  /** Gives the `ts`. Throws what Slack fails with. */
  async post(post: ReplyPost, around: Around, { grows, signal }: Writing): Promise<string> {
    const { tenant, conversationKey, text, idempotencyKey } = post;
    const { channel, threadTs } = placeOf(conversationKey);
    const turnAtMs = grows ? this.calls.take('chat.update', tenant, channel) : undefined;
    const args = {
      channel,
      ...(threadTs !== undefined && { thread_ts: threadTs }),
      ...bodyOf(text, around),
      ...quiet,
      metadata: postMetadata(idempotencyKey),
    };
    const posted = await this.calls.call({ method: 'chat.postMessage', tenant, args, signal });
    const { ts } = postedSchema.parse(posted);
    if (turnAtMs !== undefined) this.#turns.set(nameOf({ ...post, postId: ts }), turnAtMs);
    return ts;
  }

  /** Throws what Slack fails with. */
  async change(posted: PostedReply, text: string, around: Around, writing: Writing): Promise<void> {
    const { tenant, conversationKey, postId: ts } = posted;
    const { channel } = placeOf(conversationKey);
    const { link_names, parse } = quiet;
    const { grows, signal } = writing;
    // One that was streamed got none when it began.
    const metadata = this.#metadataOf(posted);
    const args = { channel, ts, ...bodyOf(text, around), link_names, parse, ...metadata };
    const call = { method: 'chat.update', tenant, args, signal } as const;
    const turnAtMs = grows ? undefined : this.#turnOf(posted);
    await this.calls.call({ ...call, turnAtMs }).catch(async (error: unknown) => {
      if (slackCodeOf(error) !== 'streaming_state_conflict') throw error;
      await this.streams.end(posted, metadata, signal);
      await this.calls.call(call);
    });
  }

  /** One that is gone already is no error. Throws what Slack fails with. */
  async remove(posted: PostedReply, signal: AbortSignal): Promise<void> {
    const { tenant, conversationKey, postId: ts } = posted;
    const args = { channel: placeOf(conversationKey).channel, ts };
    const remove = () => this.calls.call({ method: 'chat.delete', tenant, args, signal });
    try {
      await remove().catch(async (error: unknown) => {
        // So says Slack of one that streams.
        if (slackCodeOf(error) !== 'cant_delete_message') throw error;
        await this.streams.end(posted, this.#metadataOf(posted), signal);
        await remove();
      });
    } catch (error) {
      if (slackCodeOf(error) !== 'message_not_found') throw error;
    }
  }

  /** None of a message that an earlier process posted, which keeps what it has. */
  #metadataOf(posted: PostedReply): { metadata?: unknown } {
    const key = this.keyOf(posted);
    return key === undefined ? {} : { metadata: postMetadata(key) };
  }

  #turnOf(posted: PostedReply): number | undefined {
    const name = nameOf(posted);
    const turnAtMs = this.#turns.get(name);
    this.#turns.delete(name);
    return turnAtMs;
  }
}

function bodyOf(text: string, { above, below }: Around) {
  const body = messageBody(text);
  return { ...body, blocks: [...above, ...body.blocks, ...below] };
}

function nameOf({ tenant, conversationKey, postId }: PostedReply): string {
  return `${tenant} ${placeOf(conversationKey).channel} ${postId}`;
}
