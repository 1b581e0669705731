import type {
  AnsweringEvent,
  PostedPicture,
  PostedReply,
  ReplyPost,
  ReplyTarget,
} from '@vistazo/core';
import {
  type AnswerPosts,
  AnswerPostsByQuestion,
  Asides,
  BoundedMap,
  EditPace,
  type Language,
  RefusalNotices,
} from '@vistazo/core/adapter-kit';
import { type APIMessageTopLevelComponent, Routes } from 'discord.js';
import { actionButtons, endButtons, stopButton } from '../buttons/answer-buttons.js';
import { type InteractionRoutes, isOnlyByToken } from '../commands/interaction-routes.js';
import type { DiscordApi, DiscordFile } from '../discord-api.js';
import type { ChannelPermissions } from './channel-permissions.js';
import { messageBody } from './message-body.js';
import { MessageCalls, tooOld } from './message-calls.js';
import { PermissionNotices } from './permission-notices.js';
import { type PostContent, postContent } from './post-content.js';
import { PostingRights } from './posting-rights.js';

/** What a {@link ReplySender} needs. */
export interface ReplySenderOptions {
  api: DiscordApi;
  routes: InteractionRoutes;
  permissions: ChannelPermissions;
  /** Whether answers have buttons. */
  buttons: boolean;
  /** That of a tenant. */
  language: (tenant: string) => Language;
  /** When this process began to listen, in milliseconds since 1970. */
  startedAtMs: number;
  notify: (sentence: string) => void;
}

type Signal = { signal: AbortSignal };

/** How many posts are known by their keys; older ones are known to Discord or can be found. */
const maxKeys = 100_000;
/** A growing file is sent whole each time. */
const fileEveryMs = 3000;
/** How long buttons may take to be changed. */
const buttonsTimeoutMs = 30_000;

/** Posts, changes and takes away the messages of answers. */
export class ReplySender {
  readonly answers = new AnswerPostsByQuestion();
  readonly #posted = new BoundedMap<string, string>(maxKeys);
  readonly #pace = new EditPace();
  /** Of each message that has a file. */
  readonly #filePace = new EditPace();
  readonly #rights: PostingRights;
  readonly #calls: MessageCalls;
  readonly #asides = new Asides();
  readonly #notices: PermissionNotices;
  readonly #refusals: RefusalNotices;

  constructor(private readonly options: ReplySenderOptions) {
    this.#notices = new PermissionNotices(options.api);
    this.#refusals = new RefusalNotices(options.notify);
    this.#rights = new PostingRights(options.permissions, options.notify);
    this.#calls = new MessageCalls({ ...options, rights: this.#rights });
  }

  async post(post: ReplyPost, { signal }: Signal): Promise<string> {
    signal.throwIfAborted();
    const { idempotencyKey } = post;
    const known =
      this.#posted.get(idempotencyKey) ?? (await this.#calls.postedBefore(post, signal));
    const id = known ?? (await this.#send(post, signal));
    this.#posted.set(idempotencyKey, id);
    return id;
  }

  async edit(posted: PostedReply, text: string, { signal }: Signal): Promise<void> {
    const { conversationKey, postId } = posted;
    const answer = this.answers.of(posted);
    // What an earlier process posted may have actions.
    const hadActions = answer.actions.has(postId) || !answer.postIds.includes(postId);
    if (!answer.postIds.includes(postId)) answer.postIds.push(postId);
    const buttons = this.#buttonsOf(posted, answer, postId);
    const components = buttons ?? (hadActions ? [] : undefined);
    const content = this.#contentOf(posted, text);
    const hasFile = content.files.length > 0;
    if (hasFile) await this.#filePace.wait(postId, signal);
    await this.#pace.wait(conversationKey, signal);
    const body = messageBody(content, components);
    await this.#change(posted, body, signal, content.files).catch((error: unknown) => {
      this.#refusals.tell(error, conversationKey);
      throw error;
    });
    if (hasFile) this.#filePace.note(postId, fileEveryMs);
    noteButtons(answer, postId, posted, components);
  }

  async remove(posted: PostedReply, { signal }: Signal): Promise<void> {
    const answer = this.answers.of(posted);
    answer.postIds = answer.postIds.filter((id) => id !== posted.postId);
    answer.actions.delete(posted.postId);
    await this.#calls.remove(posted, signal);
  }

  async showWorking(
    { conversationKey, messageId }: ReplyTarget,
    { signal }: Signal,
  ): Promise<void> {
    // A command that was acknowledged says so itself.
    if (this.options.routes.of(messageId) !== undefined) return;
    if (isOnlyByToken(messageId)) return;
    if (this.options.permissions.lackingToPost(conversationKey).length > 0) return;
    await this.options.api.call({
      method: 'Post',
      route: Routes.channelTyping(conversationKey),
      signal,
    });
  }

  /** Changes the buttons as the answer goes on. */
  answering(target: ReplyTarget, event: AnsweringEvent): void {
    // What was said unasked is no answer that could be rated or asked for again.
    if (target.isAnnouncement) return;
    const answer = this.answers.of(target);
    if (event.type === 'prompt') answer.isUnderWay = true;
    if (event.type !== 'ended') return;
    answer.isUnderWay = false;
    this.options.routes.answered(target.messageId);
    if (!this.options.buttons) return;
    void this.#asides.run(() => this.#showEndButtons(target, answer));
  }

  /** Resolves when nothing is done aside. */
  async idle(): Promise<void> {
    await this.#asides.idle();
  }

  async #send(post: ReplyPost, signal: AbortSignal): Promise<string> {
    const answer = this.answers.of(post);
    const components = this.#buttonsOf(post, answer, undefined);
    const draft = { contentNow: () => this.#contentOf(post, post.text, post.pictures), components };
    const id = await this.#calls.send(post, draft, signal).catch((error: unknown) => {
      this.#refusals.tell(error, post.conversationKey);
      this.#tellMayNotWrite(error, post, answer);
      throw error;
    });
    answer.postIds.push(id);
    noteButtons(answer, id, post, components);
    return id;
  }

  /** Throws `platform.gone` where an answer of which nothing is posted yet cannot be, and tells who asked. */
  requireToPost(target: ReplyTarget): void {
    if (this.options.routes.of(target.messageId) !== undefined) return;
    if (isOnlyByToken(target.messageId)) throw tooOld();
    try {
      this.#rights.requireToPost(target.conversationKey);
    } catch (error) {
      this.#tellMayNotWrite(error, target, this.answers.of(target));
      throw error;
    }
  }

  /** Nobody waits for it. */
  #tellMayNotWrite(
    error: unknown,
    { tenant, conversationKey: channelId }: ReplyTarget,
    { askerId }: AnswerPosts,
  ): void {
    if (askerId === undefined) return;
    const language = this.options.language(tenant);
    void this.#asides.run(() => this.#notices.tell(error, { channelId, askerId, language }));
  }

  /** Commands are answered by a way of their own, which asks for no permission of the channel. */
  #contentOf(
    { tenant, conversationKey, messageId }: ReplyTarget,
    text: string,
    pictures: readonly PostedPicture[] = [],
  ): PostContent {
    const { routes, permissions } = this.options;
    const isCommand = routes.of(messageId) !== undefined;
    const mayAttach = isCommand || !permissions.lacks(conversationKey, 'attachFiles');
    return postContent(text, pictures, mayAttach, this.#languageOf({ tenant, messageId }));
  }

  /** Of the server, or of who asked alone. */
  #languageOf({ tenant, messageId }: Pick<ReplyTarget, 'tenant' | 'messageId'>): Language {
    const route = this.options.routes.of(messageId);
    const isAlone = route !== undefined && (route.isPrivate || !route.isInServer);
    return isAlone ? route.language : this.options.language(tenant);
  }

  async #change(
    posted: PostedReply,
    body: unknown,
    signal: AbortSignal,
    files: readonly DiscordFile[] = [],
  ): Promise<void> {
    const paceMs = await this.#calls.change(posted, body, signal, files);
    if (paceMs !== undefined) this.#pace.note(posted.conversationKey, paceMs);
  }

  /** Those of a message's actions and of the adapter; undefined where there are none. */
  #buttonsOf(
    target: ReplyTarget & Pick<ReplyPost, 'actions'>,
    answer: AnswerPosts,
    postId: string | undefined,
  ): APIMessageTopLevelComponent[] | undefined {
    const own = this.#buttonsWhileUnderWay(target, answer, postId);
    const buttons = [...actionButtons(target.actions ?? []), ...(own ?? [])];
    return buttons.length === 0 ? undefined : buttons;
  }

  /** The first message of an answer has a button that stops it; undefined lets the buttons be. */
  #buttonsWhileUnderWay(
    { tenant, messageId }: ReplyTarget,
    { isUnderWay, postIds, askerId }: AnswerPosts,
    postId: string | undefined,
  ): APIMessageTopLevelComponent[] | undefined {
    if (!this.options.buttons || !isUnderWay || postIds[0] !== postId) return undefined;
    return stopButton({ messageId, askerId, language: this.#languageOf({ tenant, messageId }) });
  }

  /** They stand below the last message of an answer. */
  async #showEndButtons(target: ReplyTarget, answer: AnswerPosts): Promise<void> {
    const { askerId, postIds, withButtons, actions } = answer;
    const last = postIds.at(-1);
    const { tenant, messageId } = target;
    const language = this.#languageOf({ tenant, messageId });
    const signal = AbortSignal.timeout(buttonsTimeoutMs);
    for (const postId of postIds) {
      const isLast = postId === last;
      if (!isLast && !withButtons.has(postId)) continue;
      const own = actionButtons(actions.get(postId) ?? []);
      const components = isLast ? [...own, ...endButtons({ messageId, askerId, language })] : own;
      await this.#change({ ...target, postId }, { components }, signal);
      if (isLast) withButtons.add(postId);
      else withButtons.delete(postId);
    }
  }
}

/** What a message has from now on. */
function noteButtons(
  { withButtons, actions: known }: AnswerPosts,
  postId: string,
  { actions = [] }: Pick<ReplyPost, 'actions'>,
  components: readonly APIMessageTopLevelComponent[] | undefined,
): void {
  if (components !== undefined && components.length > 0) withButtons.add(postId);
  if (actions.length > 0) known.set(postId, actions);
  else known.delete(postId);
}
