import type { KnownBlock } from '@slack/types';
import type {
  AnsweringEvent,
  PostedReply,
  ReplyPost,
  ReplyTarget,
  WriteOptions,
} from '@vistazo/core';
import {
  type AnswerPosts,
  AnswerPostsByQuestion,
  BoundedMap,
  type Language,
} from '@vistazo/core/adapter-kit';
import { z } from 'zod';
import { endButtons, stopButton } from '../buttons/answer-buttons.js';
import { placeOf, postedAtMsOf } from '../place.js';
import type { SlackApi } from '../slack-api.js';
import { slackCodeOf } from '../slack-errors.js';
import type { AnswerStream } from './answer-stream.js';
import { AnswerStreams } from './answer-streams.js';
import { messageBody } from './message-body.js';
import { PacedCalls } from './paced-calls.js';
import { findPosted, postMetadata } from './post-metadata.js';
import type { PictureUploads } from './upload-pictures.js';

/** What a {@link ReplySender} needs. */
export interface ReplySenderOptions {
  api: SlackApi;
  pictures: PictureUploads;
  /** Whether answers have buttons. */
  buttons: boolean;
  /** How answers grow: by Slack's own streams where it offers them, or by changes of messages. */
  streaming: 'native' | 'edits';
  /** Who asked: their language, and the team that they are of. */
  personOf: (
    tenant: string,
    userId: string,
  ) => Promise<{ language: Language; teamId: string | undefined }>;
  /** The bot's user in a team. */
  botUserIdIn: (team: string) => string | undefined;
  /** A person ended a stream with Slack's own button. */
  onStopped: (target: ReplyTarget) => void;
  /** When this process began to listen, in milliseconds since 1970. */
  startedAtMs: number;
}

/** How many posts are known by their keys; older ones are looked for on Slack. */
const maxKeys = 100_000;
/** Posts whose text is known, to change their buttons alone. */
const maxTexts = 10_000;
/** How long buttons may take to be changed. */
const buttonsTimeoutMs = 30_000;

const postedSchema = z.object({ ts: z.string() });

/** What every message of the bot says besides its text: it mentions nobody and shows no previews. */
const quiet = {
  link_names: false,
  parse: 'none',
  unfurl_links: false,
  unfurl_media: false,
} as const;

/** What is known of a message that was written. */
interface Written {
  text: string;
  idempotencyKey: string | undefined;
  /** Whether the buttons of a whole answer stand below it. */
  hasEndButtons: boolean;
}

/** Posts, changes and takes away the messages of answers. */
export class ReplySender {
  readonly answers = new AnswerPostsByQuestion();
  readonly #posted = new BoundedMap<string, string>(maxKeys);
  readonly #written = new BoundedMap<string, Written>(maxTexts);
  readonly #calls: PacedCalls;
  readonly #streams: AnswerStreams;
  readonly #asides = new Set<Promise<void>>();

  constructor(private readonly options: ReplySenderOptions) {
    this.#calls = new PacedCalls(options.api);
    this.#streams = new AnswerStreams(this.#calls, options);
  }

  async post(post: ReplyPost, options: WriteOptions): Promise<string> {
    options.signal.throwIfAborted();
    const key = `${post.tenant} ${post.idempotencyKey}`;
    const known = this.#posted.get(key) ?? (await this.#postedBefore(post, options.signal));
    const ts = known ?? (await this.#send(post, options));
    this.#posted.set(key, ts);
    return ts;
  }

  async edit(posted: PostedReply, text: string, options: WriteOptions): Promise<void> {
    const { completes, signal } = options;
    const { postId } = posted;
    const answer = this.answers.of(posted);
    if (!answer.postIds.includes(postId)) answer.postIds.push(postId);
    const stream = this.#streams.of(posted);
    if (completes === undefined && stream !== undefined) {
      const became = await stream.append(text, signal);
      if (became === 'stopped by person') this.options.onStopped(posted);
      if (became !== 'ended') return;
    }
    const below = await this.#below(posted, completes);
    const isDone =
      completes !== undefined && (await this.#finish(stream, posted, { text, below }, signal));
    if (!isDone) await this.#update(posted, text, below, signal);
    const hasEndButtons = completes === 'answer' && below.length > 0;
    this.#note(posted, { ...this.#writtenOf(posted), text, hasEndButtons });
  }

  async remove(posted: PostedReply, { signal }: Pick<WriteOptions, 'signal'>): Promise<void> {
    const answer = this.answers.of(posted);
    answer.postIds = answer.postIds.filter((id) => id !== posted.postId);
    const { channel } = placeOf(posted.conversationKey);
    const args = { channel, ts: posted.postId };
    const remove = () => this.#calls.call('chat.delete', posted.tenant, args, signal);
    try {
      await remove().catch(async (error: unknown) => {
        if (slackCodeOf(error) !== 'cant_delete_message') throw error;
        await this.#streams.end(posted, signal);
        await remove();
      });
    } catch (error) {
      if (slackCodeOf(error) !== 'message_not_found') throw error;
    }
  }

  /** Changes the buttons as the answer goes on. */
  answering(target: ReplyTarget, event: AnsweringEvent): void {
    // What was said unasked is no answer that could be rated or asked for again.
    if (target.isAnnouncement) return;
    const answer = this.answers.of(target);
    if (event.type === 'prompt') answer.isUnderWay = true;
    if (event.type !== 'ended') return;
    answer.isUnderWay = false;
    if (this.options.buttons) this.#aside(this.#showEndButtons(target, answer));
  }

  /** Resolves when nothing is done aside. */
  async idle(): Promise<void> {
    await Promise.all(this.#asides);
  }

  async #send(post: ReplyPost, { signal, completes }: WriteOptions): Promise<string> {
    const answer = this.answers.of(post);
    const grows = completes === undefined && answer.isUnderWay;
    const below = await this.#below({ ...post, postId: undefined }, completes);
    const ts =
      (grows ? await this.#stream(post, answer, signal) : undefined) ??
      (await this.#postMessage(post, below, signal));
    answer.postIds.push(ts);
    const { text, idempotencyKey } = post;
    const hasEndButtons = completes === 'answer' && below.length > 0;
    this.#note({ ...post, postId: ts }, { text, idempotencyKey, hasEndButtons });
    return ts;
  }

  /** False where the message did not stream. */
  async #finish(
    stream: AnswerStream | undefined,
    posted: PostedReply,
    { text, below }: { text: string; below: KnownBlock[] },
    signal: AbortSignal,
  ): Promise<boolean> {
    if (stream === undefined) return false;
    const { idempotencyKey } = this.#writtenOf(posted);
    const metadata = idempotencyKey === undefined ? undefined : postMetadata(idempotencyKey);
    return stream.finish(text, { blocks: below, metadata }, signal);
  }

  async #stream(
    { tenant, conversationKey, text }: ReplyPost,
    { askerId }: AnswerPosts,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const place = placeOf(conversationKey);
    if (askerId === undefined || place.threadTs === undefined) return undefined;
    const { teamId } = await this.options.personOf(tenant, askerId);
    return this.#streams.start(
      tenant,
      {
        channel: place.channel,
        thread_ts: place.threadTs,
        recipient: { recipient_user_id: askerId, recipient_team_id: teamId ?? tenant },
      },
      text,
      signal,
    );
  }

  async #postMessage(
    post: ReplyPost,
    below: readonly KnownBlock[],
    signal: AbortSignal,
  ): Promise<string> {
    const { tenant, conversationKey, text, idempotencyKey } = post;
    const { channel, threadTs } = placeOf(conversationKey);
    const shown = await this.options.pictures.blocksOf(post, signal);
    const args = {
      channel,
      ...(threadTs !== undefined && { thread_ts: threadTs }),
      ...withBelow(text, [...shown, ...below]),
      ...quiet,
      metadata: postMetadata(idempotencyKey),
    };
    return postedSchema.parse(await this.#calls.call('chat.postMessage', tenant, args, signal)).ts;
  }

  /** What an earlier process posted under the key. */
  async #postedBefore(post: ReplyPost, signal: AbortSignal): Promise<string | undefined> {
    const { tenant, conversationKey, messageId, idempotencyKey } = post;
    const askedAtMs = postedAtMsOf(messageId);
    if (askedAtMs === undefined || askedAtMs >= this.options.startedAtMs) return undefined;
    const { channel, threadTs } = placeOf(conversationKey);
    const args = { channel, oldest: messageId, limit: 100, include_all_metadata: true };
    const call =
      threadTs === undefined
        ? { method: 'conversations.history', args }
        : { method: 'conversations.replies', args: { ...args, ts: threadTs } };
    const answer = await this.options.api.call({ tenant, ...call, signal });
    return findPosted(answer, idempotencyKey, this.options.botUserIdIn(tenant));
  }

  async #update(
    posted: PostedReply,
    text: string,
    below: KnownBlock[],
    signal: AbortSignal,
  ): Promise<void> {
    const { tenant, conversationKey, postId } = posted;
    const { channel } = placeOf(conversationKey);
    const { link_names, parse } = quiet;
    const written = this.#writtenOf(posted);
    const { idempotencyKey } = written;
    const args = {
      channel,
      ts: postId,
      ...withBelow(text, below),
      link_names,
      parse,
      // One that was streamed got none when it began.
      ...(idempotencyKey !== undefined && { metadata: postMetadata(idempotencyKey) }),
    };
    const update = () => this.#calls.call('chat.update', tenant, args, signal);
    await update().catch(async (error: unknown) => {
      if (slackCodeOf(error) !== 'streaming_state_conflict') throw error;
      await this.#streams.end(posted, signal);
      await update();
    });
    this.#note(posted, { ...written, text });
  }

  /** While an answer is made, below its first message a button that stops it; below a whole one those for its end. */
  async #below(
    { tenant, conversationKey, messageId, postId }: ReplyTarget & { postId: string | undefined },
    completes: WriteOptions['completes'],
  ): Promise<KnownBlock[]> {
    const { isUnderWay, postIds, askerId } = this.answers.of({ conversationKey, messageId });
    if (!this.options.buttons || completes === 'message') return [];
    const language = askerId === undefined ? 'en' : await this.#languageOf(tenant, askerId);
    if (completes === 'answer') return [endButtons({ messageId, askerId, language })];
    const isFirst = isUnderWay && postIds[0] === postId;
    return isFirst ? [stopButton({ messageId, askerId, language })] : [];
  }

  async #showEndButtons(target: ReplyTarget, { postIds }: AnswerPosts): Promise<void> {
    const last = postIds.at(-1);
    const signal = AbortSignal.timeout(buttonsTimeoutMs);
    for (const postId of [...postIds]) {
      const posted = { ...target, postId };
      const { text, hasEndButtons } = this.#writtenOf(posted);
      const isLast = postId === last;
      const isRight = isLast ? hasEndButtons : !hasEndButtons && postId !== postIds[0];
      if (text === undefined || isRight) continue;
      const below = await this.#below(posted, isLast ? 'answer' : 'message');
      await this.#update(posted, text, below, signal);
      this.#note(posted, { ...this.#writtenOf(posted), text, hasEndButtons: isLast });
    }
  }

  #writtenOf(posted: PostedReply): Omit<Written, 'text'> & { text: string | undefined } {
    const nothing = { text: undefined, idempotencyKey: undefined, hasEndButtons: false };
    return this.#written.get(writtenKey(posted)) ?? nothing;
  }

  #note(posted: PostedReply, written: Written): void {
    this.#written.set(writtenKey(posted), written);
  }

  async #languageOf(tenant: string, askerId: string): Promise<Language> {
    return (await this.options.personOf(tenant, askerId)).language;
  }

  /** What is no reason to do anything over when it fails. */
  #aside(work: Promise<void>): void {
    const running: Promise<void> = work.catch(() => {}).finally(() => this.#asides.delete(running));
    this.#asides.add(running);
  }
}

function withBelow(text: string, below: readonly KnownBlock[]) {
  const body = messageBody(text);
  return { ...body, blocks: [...body.blocks, ...below] };
}

function writtenKey({ tenant, conversationKey, postId }: PostedReply): string {
  return `${tenant} ${placeOf(conversationKey).channel} ${postId}`;
}
