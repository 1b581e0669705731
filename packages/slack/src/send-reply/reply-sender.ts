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
import { Asides } from '../asides.js';
import type { CalledCommands } from '../commands/called-commands.js';
import { placeOf } from '../place.js';
import type { SlackApi } from '../slack-api.js';
import { slackCodeOf } from '../slack-errors.js';
import type { AnswerStream } from './answer-stream.js';
import { AnswerStreams } from './answer-streams.js';
import { type Around, AroundAnswer } from './around-answer.js';
import { EarlierPosts } from './earlier-posts.js';
import { messageBody } from './message-body.js';
import { PacedCalls } from './paced-calls.js';
import { postMetadata } from './post-metadata.js';
import { isOutside, ResponseAnswers } from './response-answers.js';
import type { PictureUploads } from './upload-pictures.js';
import { WrittenMessages } from './written-messages.js';

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
  /** Slash commands that were called. */
  calls: CalledCommands;
  /** A person ended a stream with Slack's own button. */
  onStopped: (target: ReplyTarget) => void;
  /** When this process began to listen, in milliseconds since 1970. */
  startedAtMs: number;
}

/** How many posts are known by their keys; older ones are looked for on Slack. */
const maxKeys = 100_000;
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

/** Posts, changes and takes away the messages of answers. */
export class ReplySender {
  readonly answers = new AnswerPostsByQuestion();
  readonly #posted = new BoundedMap<string, string>(maxKeys);
  readonly #written = new WrittenMessages();
  readonly #calls: PacedCalls;
  readonly #streams: AnswerStreams;
  readonly #asides = new Asides();
  readonly #around: AroundAnswer;
  readonly #earlier: EarlierPosts;
  readonly #responses: ResponseAnswers;

  constructor(private readonly options: ReplySenderOptions) {
    this.#calls = new PacedCalls(options.api);
    this.#streams = new AnswerStreams(this.#calls, options);
    this.#earlier = new EarlierPosts(options);
    this.#responses = new ResponseAnswers(options.calls);
    const { buttons, calls, personOf } = options;
    this.#around = new AroundAnswer({
      buttons,
      calls,
      languageOf: async (...person) => (await personOf(...person)).language,
    });
  }

  async post(post: ReplyPost, options: WriteOptions): Promise<string> {
    options.signal.throwIfAborted();
    const key = `${post.tenant} ${post.idempotencyKey}`;
    const known = this.#posted.get(key) ?? (await this.#earlier.find(post, options.signal));
    const ts = known ?? (await this.#send(post, options));
    this.#posted.set(key, ts);
    return ts;
  }

  async edit(posted: PostedReply, text: string, options: WriteOptions): Promise<void> {
    const { completes, signal } = options;
    const { postId } = posted;
    const answer = this.answers.of(posted);
    if (!answer.postIds.includes(postId)) answer.postIds.push(postId);
    if (this.#responses.has(posted)) return this.#responses.edit(posted, text);
    const stream = this.#streams.of(posted);
    if (completes === undefined && posted.actions === undefined && stream !== undefined) {
      const became = await stream.append(text, signal);
      if (became === 'stopped by person') this.options.onStopped(posted);
      if (became !== 'ended') return;
    }
    const around = await this.#around.of(posted, answer, completes);
    const isDone =
      completes !== undefined && (await this.#finish(stream, posted, { text, around }, signal));
    if (!isDone) await this.#update(posted, text, around, signal);
    const { hasEndButtons } = around;
    const { actions } = posted;
    this.#written.note(posted, { text, actions, hasEndButtons });
  }

  async remove(posted: PostedReply, { signal }: Pick<WriteOptions, 'signal'>): Promise<void> {
    const answer = this.answers.of(posted);
    answer.postIds = answer.postIds.filter((id) => id !== posted.postId);
    if (this.#responses.has(posted)) return this.#responses.remove(posted);
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
    void this.#asides.run(() => this.#responses.ended(target));
    if (this.options.buttons) void this.#asides.run(() => this.#showEndButtons(target, answer));
  }

  /** Resolves when nothing is done aside. */
  async idle(): Promise<void> {
    await this.#asides.idle();
  }

  async #send(post: ReplyPost, { signal, completes }: WriteOptions): Promise<string> {
    const answer = this.answers.of(post);
    const grows = completes === undefined && answer.isUnderWay;
    const around = await this.#around.of({ ...post, postId: undefined }, answer, completes);
    const ts =
      (grows ? await this.#stream(post, answer, signal) : undefined) ??
      (await this.#postMessage(post, around, signal).catch((error: unknown) =>
        this.#postOutside(post, answer, error),
      ));
    answer.postIds.push(ts);
    const { text, idempotencyKey, actions } = post;
    const { hasEndButtons } = around;
    this.#written.note({ ...post, postId: ts }, { text, idempotencyKey, actions, hasEndButtons });
    return ts;
  }

  /** Where the bot is not in the channel a command can be answered all the same. */
  async #postOutside(post: ReplyPost, { isUnderWay }: AnswerPosts, error: unknown) {
    const id = isOutside(error) ? await this.#responses.post(post, isUnderWay) : undefined;
    if (id === undefined) throw error;
    return id;
  }

  /** False where the message did not stream. */
  async #finish(
    stream: AnswerStream | undefined,
    posted: PostedReply,
    { text, around }: { text: string; around: Around },
    signal: AbortSignal,
  ): Promise<boolean> {
    if (stream === undefined) return false;
    const { idempotencyKey } = this.#written.of(posted);
    const metadata = idempotencyKey === undefined ? undefined : postMetadata(idempotencyKey);
    return stream.finish(text, { blocks: around.below, metadata }, signal);
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

  async #postMessage(post: ReplyPost, around: Around, signal: AbortSignal): Promise<string> {
    const { tenant, conversationKey, text, idempotencyKey } = post;
    const { channel, threadTs } = placeOf(conversationKey);
    const shown = await this.options.pictures.blocksOf(post, signal);
    const args = {
      channel,
      ...(threadTs !== undefined && { thread_ts: threadTs }),
      ...bodyOf(text, { ...around, below: [...shown, ...around.below] }),
      ...quiet,
      metadata: postMetadata(idempotencyKey),
    };
    return postedSchema.parse(await this.#calls.call('chat.postMessage', tenant, args, signal)).ts;
  }

  async #update(
    posted: PostedReply,
    text: string,
    around: Around,
    signal: AbortSignal,
  ): Promise<void> {
    const { tenant, conversationKey, postId } = posted;
    const { channel } = placeOf(conversationKey);
    const { link_names, parse } = quiet;
    const written = this.#written.of(posted);
    const { idempotencyKey } = written;
    const args = {
      channel,
      ts: postId,
      ...bodyOf(text, around),
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
    this.#written.note(posted, { text });
  }

  async #showEndButtons(target: ReplyTarget, answer: AnswerPosts): Promise<void> {
    const { postIds } = answer;
    const last = postIds.at(-1);
    const signal = AbortSignal.timeout(buttonsTimeoutMs);
    for (const postId of [...postIds]) {
      const posted = { ...target, postId };
      const { text, hasEndButtons, actions } = this.#written.of(posted);
      const isLast = postId === last;
      const isRight = isLast ? hasEndButtons : !hasEndButtons && postId !== postIds[0];
      if (text === undefined || isRight || this.#responses.has(posted)) continue;
      const message = { ...posted, actions };
      const around = await this.#around.of(message, answer, isLast ? 'answer' : 'message');
      await this.#update(posted, text, around, signal);
      this.#written.note(posted, { hasEndButtons: isLast });
    }
  }
}

function bodyOf(text: string, { above, below }: Around) {
  const body = messageBody(text);
  return { ...body, blocks: [...above, ...body.blocks, ...below] };
}
