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
  Asides,
  BoundedMap,
  type Language,
  unlessAborted,
} from '@vistazo/core/adapter-kit';
import type { CalledCommands } from '../commands/called-commands.js';
import { placeOf } from '../place.js';
import type { SlackApi } from '../slack-api.js';
import { isSurelyRefused } from '../slack-errors.js';
import { AnswerStreams } from './answer-streams.js';
import { AroundAnswer } from './around-answer.js';
import { EarlierPosts } from './earlier-posts.js';
import { MessageCalls } from './message-calls.js';
import type { PacedCalls } from './paced-calls.js';
import { postMetadata } from './post-metadata.js';
import { isOutside, ResponseAnswers } from './response-answers.js';
import type { PictureUploads } from './upload-pictures.js';

/** What a {@link ReplySender} needs. */
export interface ReplySenderOptions {
  api: SlackApi;
  pictures: PictureUploads;
  /** Its calls, spread over their rates. */
  paced: PacedCalls;
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
}

/** How many posts are known by their keys; older ones are looked for on Slack. */
const maxKeys = 100_000;

/** Posts, changes and takes away the messages of answers. */
export class ReplySender {
  readonly answers = new AnswerPostsByQuestion();
  /** The messages of keys. */
  readonly #posted = new BoundedMap<string, string>(maxKeys);
  /** Keys of which a call was not answered, so that something may be posted under them. */
  readonly #unsure = new BoundedMap<string, true>(maxKeys);
  /** Posts that are under way, by their keys; each resolves however it ends. */
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #calls: PacedCalls;
  readonly #streams: AnswerStreams;
  readonly #messages: MessageCalls;
  readonly #asides = new Asides();
  readonly #around: AroundAnswer;
  readonly #earlier: EarlierPosts;
  readonly #responses: ResponseAnswers;

  constructor(private readonly options: ReplySenderOptions) {
    const { api, paced, botUserIdIn, buttons, calls, personOf } = options;
    this.#calls = paced;
    this.#streams = new AnswerStreams(this.#calls, options);
    this.#messages = new MessageCalls(this.#calls, this.#streams);
    this.#earlier = new EarlierPosts({ api, botUserIdIn, calls: this.#calls });
    this.#responses = new ResponseAnswers(calls);
    this.#around = new AroundAnswer({
      buttons,
      calls,
      languageOf: async (...person) => (await personOf(...person)).language,
    });
  }

  async post(post: ReplyPost, options: WriteOptions): Promise<string> {
    const { signal } = options;
    signal.throwIfAborted();
    const key = `${post.tenant} ${post.idempotencyKey}`;
    const before = this.#underWay.get(key);
    if (before !== undefined) await unlessAborted(before, signal);
    const known = this.#posted.get(key);
    if (known !== undefined) return known;
    const sending = this.#postOnce(key, post, options);
    const ended = sending.then(
      () => {},
      () => {},
    );
    this.#underWay.set(key, ended);
    void ended.then(() => this.#underWay.delete(key));
    return unlessAborted(sending, signal);
  }

  /** Whether a message may begin to grow, by a stream or by changes. */
  mayGrow({ tenant, conversationKey }: ReplyTarget): boolean {
    const { channel, threadTs } = placeOf(conversationKey);
    if (threadTs !== undefined && this.#streams.hasRoom(tenant, channel)) return true;
    const methods = ['chat.postMessage', 'chat.update'] as const;
    return methods.every((method) => this.#calls.hasRoom(method, tenant, channel));
  }

  async edit(posted: PostedReply, text: string, options: WriteOptions): Promise<void> {
    const { completes, signal } = options;
    const { postId } = posted;
    const answer = this.answers.of(posted);
    if (!answer.postIds.includes(postId)) answer.postIds.push(postId);
    if (this.#responses.has(posted)) return this.#responses.edit(posted, text);
    const stream = this.#streams.of(posted);
    const grows = completes === undefined && posted.actions === undefined;
    if (grows && stream !== undefined) {
      const became = await stream.append(text, signal);
      if (became === 'stopped by person') this.options.onStopped(posted);
      if (became !== 'ended') return;
    }
    const { channel } = placeOf(posted.conversationKey);
    // What a growing answer has more comes with its next text, and the whole of it at last.
    if (grows && answer.isUnderWay && !this.#calls.hasRoom('chat.update', posted.tenant, channel))
      return;
    const around = await this.#around.of(posted, answer, completes);
    const isDone = !grows && (await stream?.finish(text, around.below, signal)) === true;
    if (!isDone) await this.#messages.change(posted, text, around, { grows, signal });
  }

  async remove(posted: PostedReply, { signal }: Pick<WriteOptions, 'signal'>): Promise<void> {
    const answer = this.answers.of(posted);
    answer.postIds = answer.postIds.filter((id) => id !== posted.postId);
    if (this.#responses.has(posted)) return this.#responses.remove(posted);
    await this.#messages.remove(posted, signal);
    const key = this.#messages.keyOf(posted);
    if (key !== undefined) this.#posted.delete(`${posted.tenant} ${key}`);
  }

  /** What happens on the way to an answer. */
  answering(target: ReplyTarget, event: AnsweringEvent): void {
    // What was said unasked is no answer that could be rated or asked for again.
    if (target.isAnnouncement) return;
    const answer = this.answers.of(target);
    if (event.type === 'prompt') answer.isUnderWay = true;
    if (event.type !== 'ended') return;
    answer.isUnderWay = false;
    void this.#asides.run(() => this.#responses.ended(target));
  }

  /** Resolves when nothing is done aside. */
  async idle(): Promise<void> {
    await Promise.all([this.#asides.idle(), ...this.#underWay.values()]);
  }

  /** Not before it is known that nothing was posted under the key. */
  async #postOnce(key: string, post: ReplyPost, options: WriteOptions): Promise<string> {
    const found = await this.#find(key, post, options.signal);
    try {
      const ts = found ?? (await this.#send(post, options));
      this.#note(post, ts);
      // It may say less, and who posts it for the first time does not expect that; what is announced is posted whole.
      if (found !== undefined && !post.mayBePosted && !post.isAnnouncement)
        await this.edit({ ...post, postId: ts }, post.text, options);
      this.#posted.set(key, ts);
      this.#unsure.delete(key);
      return ts;
    } catch (error) {
      if (!isSurelyRefused(error)) this.#unsure.set(key, true);
      throw error;
    }
  }

  async #find(key: string, post: ReplyPost, signal: AbortSignal): Promise<string | undefined> {
    if (!post.mayBePosted && !this.#unsure.get(key)) return undefined;
    return this.#earlier.find(post, this.answers.of(post).postIds, signal);
  }

  #note(post: ReplyPost, postId: string): void {
    const { postIds } = this.answers.of(post);
    if (!postIds.includes(postId)) postIds.push(postId);
    this.#messages.noteKey({ ...post, postId }, post.idempotencyKey);
  }

  async #send(post: ReplyPost, { signal, completes }: WriteOptions): Promise<string> {
    const answer = this.answers.of(post);
    const grows = completes === undefined && answer.isUnderWay && post.actions === undefined;
    const streamed = grows ? await this.#stream(post, answer, signal) : undefined;
    if (streamed !== undefined) return streamed;
    const around = await this.#around.of({ ...post, postId: undefined }, answer, completes);
    const shown = await this.options.pictures.blocksOf(post, signal);
    const withPictures = { ...around, below: [...shown, ...around.below] };
    return this.#messages
      .post(post, withPictures, { grows, signal })
      .catch((error: unknown) => this.#postOutside(post, answer, error));
  }

  /** Where the bot is not in the channel a command can be answered all the same. */
  async #postOutside(post: ReplyPost, { isUnderWay }: AnswerPosts, error: unknown) {
    const id = isOutside(error) ? await this.#responses.post(post, isUnderWay) : undefined;
    if (id === undefined) throw error;
    return id;
  }

  /** Undefined where the answer does not stream. */
  async #stream(
    { tenant, conversationKey, text, idempotencyKey }: ReplyPost,
    { askerId: userId }: AnswerPosts,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { channel, threadTs } = placeOf(conversationKey);
    if (userId === undefined || threadTs === undefined) return undefined;
    const { teamId = tenant } = await this.options.personOf(tenant, userId);
    const place = { tenant, channel, threadTs, recipient: { userId, teamId } };
    const beginning = { text, metadata: postMetadata(idempotencyKey) };
    return this.#streams.start(place, beginning, signal);
  }
}
