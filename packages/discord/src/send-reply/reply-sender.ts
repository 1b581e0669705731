import {
  type AnsweringEvent,
  type PostedReply,
  type ReplyPost,
  type ReplyTarget,
  VistazoError,
} from '@vistazo/core';
import {
  type AnswerPosts,
  AnswerPostsByQuestion,
  BoundedMap,
  EditPace,
  type Language,
} from '@vistazo/core/adapter-kit';
import {
  type APIMessageTopLevelComponent,
  type RESTPostAPIChannelMessageJSONBody,
  type RouteLike,
  Routes,
} from 'discord.js';
import { z } from 'zod';
import { actionButtons, endButtons, stopButton } from '../buttons/answer-buttons.js';
import {
  type InteractionRoute,
  type InteractionRoutes,
  isOnlyByToken,
} from '../commands/interaction-routes.js';
import type { DiscordApi, DiscordFile } from '../discord-api.js';
import { discordCodeOf, isTokenExpired, isUnknownMessage } from '../discord-errors.js';
import { createdAtMs, isSnowflake } from '../place.js';
import type { ChannelPermissions } from './channel-permissions.js';
import { messageBody } from './message-body.js';
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

const postedSchema = z.object({ id: z.string() });
const foundSchema = z.array(
  z.object({ id: z.string(), nonce: z.union([z.string(), z.number()]).nullish() }),
);

/** Posts, changes and takes away the messages of answers. */
export class ReplySender {
  readonly answers = new AnswerPostsByQuestion();
  readonly #posted = new BoundedMap<string, string>(maxKeys);
  readonly #pace = new EditPace();
  /** Of each message that has a file. */
  readonly #filePace = new EditPace();
  readonly #rights: PostingRights;
  readonly #asides = new Set<Promise<void>>();

  readonly #notices: PermissionNotices;

  constructor(private readonly options: ReplySenderOptions) {
    this.#notices = new PermissionNotices(options.api);
    this.#rights = new PostingRights(options.permissions, options.notify);
  }

  async post(post: ReplyPost, { signal }: Signal): Promise<string> {
    signal.throwIfAborted();
    const { idempotencyKey } = post;
    const known = this.#posted.get(idempotencyKey) ?? (await this.#postedBefore(post, signal));
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
    if (content.file !== undefined) await this.#filePace.wait(postId, signal);
    await this.#pace.wait(conversationKey, signal);
    await this.#patch(posted, messageBody(content, components), signal, content.file);
    if (content.file !== undefined) this.#filePace.note(postId, fileEveryMs);
    noteButtons(answer, postId, posted, components);
  }

  async remove(posted: PostedReply, { signal }: Signal): Promise<void> {
    const answer = this.answers.of(posted);
    answer.postIds = answer.postIds.filter((id) => id !== posted.postId);
    answer.actions.delete(posted.postId);
    const { api } = this.options;
    try {
      await api.call({ method: 'Delete', ...this.#messageRoute(posted), signal });
    } catch (error) {
      if (!isUnknownMessage(error)) throw error;
    }
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
    this.#aside(this.#showEndButtons(target, answer));
  }

  /** Resolves when nothing is done aside. */
  async idle(): Promise<void> {
    await Promise.all(this.#asides);
  }

  async #send(post: ReplyPost, signal: AbortSignal): Promise<string> {
    const answer = this.answers.of(post);
    const components = this.#buttonsOf(post, answer, undefined);
    const id =
      (await this.#sendByInteraction(post, components, signal)) ??
      (await this.#sendToChannel(post, components, signal).catch((error: unknown) => {
        this.#tellMayNotWrite(error, post, answer);
        throw error;
      }));
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
    this.#aside(this.#notices.tell(error, { channelId, askerId, language }));
  }

  /** What is no reason to do anything over when it fails. */
  #aside(work: Promise<void>): void {
    const running: Promise<void> = work.catch(() => {}).finally(() => this.#asides.delete(running));
    this.#asides.add(running);
  }

  /** Undefined where the place of a command has to do without its token. */
  async #sendByInteraction(
    post: ReplyPost,
    components: APIMessageTopLevelComponent[] | undefined,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { messageId, text } = post;
    const route = this.options.routes.of(messageId);
    if (route === undefined) return undefined;
    const { isPrivate } = route;
    if (!(await route.acknowledged)) {
      this.options.routes.close(messageId);
      return undefined;
    }
    const { isFilled } = route;
    const next = this.#nextOf(route);
    route.isFilled = true;
    try {
      const content = this.#contentOf(post, text);
      const body = messageBody(content, components, { isPrivate });
      const { json } = await this.options.api.call({
        ...next,
        ...filesOf(content),
        body,
        signal,
        auth: false,
      });
      return postedSchema.parse(json).id;
    } catch (error) {
      route.isFilled = isFilled;
      if (isOnlyByToken(messageId) || !isTokenExpired(error)) throw error;
      this.options.routes.close(messageId);
      return undefined;
    }
  }

  #nextOf({ applicationId, token, isFilled }: InteractionRoute) {
    return isFilled
      ? { method: 'Post' as const, route: Routes.webhook(applicationId, token), query: waited }
      : { method: 'Patch' as const, route: Routes.webhookMessage(applicationId, token) };
  }

  async #sendToChannel(
    post: ReplyPost,
    components: APIMessageTopLevelComponent[] | undefined,
    signal: AbortSignal,
  ): Promise<string> {
    const { conversationKey, messageId, text, idempotencyKey, isAnnouncement } = post;
    if (isOnlyByToken(messageId)) throw tooOld();
    this.#rights.requireToPost(conversationKey);
    const isReply =
      isSnowflake(messageId) &&
      messageId !== conversationKey &&
      isAnnouncement !== true &&
      this.#rights.mayReply(conversationKey);
    const content = this.#contentOf(post, text);
    const body = {
      ...messageBody(content, components),
      nonce: idempotencyKey,
      enforce_nonce: true,
      ...(isReply && {
        message_reference: { message_id: messageId, fail_if_not_exists: false },
      }),
    } satisfies RESTPostAPIChannelMessageJSONBody;
    const route = Routes.channelMessages(conversationKey);
    const { json } = await this.options.api.call({
      method: 'Post',
      route,
      ...filesOf(content),
      body,
      signal,
    });
    return postedSchema.parse(json).id;
  }

  /**
   * What an earlier process posted under the key. Discord knows keys for some minutes only, and a bot may
   * have been away for longer.
   */
  async #postedBefore(post: ReplyPost, signal: AbortSignal): Promise<string | undefined> {
    const askedId = post.messageId.replace(/^command:/, '');
    const askedAtMs = createdAtMs(askedId);
    if (askedAtMs === undefined || askedAtMs >= this.options.startedAtMs) return undefined;
    const route = Routes.channelMessages(post.conversationKey);
    const query = { after: askedId, limit: '100' };
    try {
      const { json } = await this.options.api.call({ method: 'Get', route, query, signal });
      return foundSchema.parse(json).find(({ nonce }) => nonce === post.idempotencyKey)?.id;
    } catch (error) {
      // A bot that may not read a channel's history can still write there.
      if (discordCodeOf(error) === undefined) throw error;
      return undefined;
    }
  }

  /** Commands are answered by a way of their own, which asks for no permission of the channel. */
  #contentOf({ tenant, conversationKey, messageId }: ReplyTarget, text: string): PostContent {
    const { routes, permissions } = this.options;
    const isCommand = routes.of(messageId) !== undefined;
    const mayAttach = isCommand || !permissions.lacks(conversationKey, 'attachFiles');
    return postContent(text, mayAttach, this.#languageOf({ tenant, messageId }));
  }

  /** Of the server, or of who asked alone. */
  #languageOf({ tenant, messageId }: Pick<ReplyTarget, 'tenant' | 'messageId'>): Language {
    const route = this.options.routes.of(messageId);
    const isAlone = route !== undefined && (route.isPrivate || !route.isInServer);
    return isAlone ? route.language : this.options.language(tenant);
  }

  async #patch(
    posted: PostedReply,
    body: unknown,
    signal: AbortSignal,
    file?: DiscordFile,
  ): Promise<void> {
    const call = { method: 'Patch' as const, body, signal, ...filesOf({ file }) };
    try {
      const { paceMs } = await this.options.api.call({ ...call, ...this.#messageRoute(posted) });
      this.#pace.note(posted.conversationKey, paceMs);
    } catch (error) {
      const route = this.options.routes.of(posted.messageId);
      if (route === undefined || isOnlyByToken(posted.messageId) || !isTokenExpired(error))
        throw error;
      this.options.routes.close(posted.messageId);
      await this.options.api.call({ ...call, ...this.#messageRoute(posted) });
    }
  }

  /** Where a message of the bot is changed or deleted. */
  #messageRoute({ conversationKey, messageId, postId }: PostedReply): {
    route: RouteLike;
    auth: boolean;
  } {
    const route = this.options.routes.of(messageId);
    if (route !== undefined)
      return {
        route: Routes.webhookMessage(route.applicationId, route.token, postId),
        auth: false,
      };
    if (isOnlyByToken(messageId)) throw tooOld();
    return { route: Routes.channelMessage(conversationKey, postId), auth: true };
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
      await this.#patch({ ...target, postId }, { components }, signal);
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

const waited = { wait: 'true' };

function filesOf({ file }: { file?: DiscordFile | undefined }): { files?: DiscordFile[] } {
  return file === undefined ? {} : { files: [file] };
}

function tooOld(): VistazoError {
  return new VistazoError(
    'platform.gone',
    'The command is too old to be answered, and nothing else may be posted in its place.',
  );
}
