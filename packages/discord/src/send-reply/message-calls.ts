import { type PostedReply, type ReplyPost, VistazoError } from '@vistazo/core';
import { readPrivateConversation } from '@vistazo/core/adapter-kit';
import {
  type APIMessageTopLevelComponent,
  type RESTPostAPIChannelMessageJSONBody,
  type RouteLike,
  Routes,
} from 'discord.js';
import { z } from 'zod';
import {
  type InteractionRoute,
  type InteractionRoutes,
  isOnlyByToken,
} from '../commands/interaction-routes.js';
import type { DiscordApi, DiscordCall, DiscordFile } from '../discord-api.js';
import { isTokenExpired, isUnknownMessage } from '../discord-errors.js';
import { createdAtMs, isSnowflake } from '../place.js';
import { directMessagesWith } from './direct-messages.js';
import { messageBody } from './message-body.js';
import type { PostContent } from './post-content.js';
import type { PostingRights } from './posting-rights.js';

/** What {@link MessageCalls} needs. */
export interface MessageCallsOptions {
  api: DiscordApi;
  routes: InteractionRoutes;
  rights: PostingRights;
  /** When this process began to listen, in milliseconds since 1970. */
  startedAtMs: number;
}

/** What a message is to say and to have below it. */
export interface MessageDraft {
  /** Asked for when it is known how it is sent: by a token more may be sent than to a channel. */
  contentNow: () => PostContent;
  components: APIMessageTopLevelComponent[] | undefined;
}

const postedSchema = z.object({ id: z.string() });
const foundSchema = z.array(
  z.object({ id: z.string(), nonce: z.union([z.string(), z.number()]).nullish() }),
);

/** Writes messages: by the token of the command that they answer, as long as that is good, or to their channel. */
export class MessageCalls {
  constructor(private readonly options: MessageCallsOptions) {}

  /** Gives the id. */
  async send(post: ReplyPost, draft: MessageDraft, signal: AbortSignal): Promise<string> {
    return (
      (await this.#sendByInteraction(post, draft, signal)) ??
      (await this.#sendToChannel(post, draft, signal))
    );
  }

  /**
   * The id of what an earlier process posted under the key. Discord knows keys for some minutes only, and a bot may
   * have been away for longer.
   */
  async postedBefore(post: ReplyPost, signal: AbortSignal): Promise<string | undefined> {
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
      if (!(error instanceof VistazoError) || error.code === 'platform.failed') throw error;
      return undefined;
    }
  }

  /** Changes a message; gives how long to wait before the next change in its place, where Discord says so. */
  async change(
    posted: PostedReply,
    body: unknown,
    signal: AbortSignal,
    files: readonly DiscordFile[] = [],
  ): Promise<number | undefined> {
    const call = { method: 'Patch' as const, body, signal, ...filesOf({ files }) };
    try {
      const { paceMs } = await this.options.api.call({ ...call, ...this.#messageRoute(posted) });
      return paceMs;
    } catch (error) {
      const route = this.options.routes.of(posted.messageId);
      if (route === undefined || isOnlyByToken(posted.messageId) || !isTokenExpired(error))
        throw error;
      this.options.routes.close(posted.messageId);
      await this.options.api.call({ ...call, ...this.#messageRoute(posted) });
      return undefined;
    }
  }

  /** One that is gone already is gone. */
  async remove(posted: PostedReply, signal: AbortSignal): Promise<void> {
    const { api } = this.options;
    try {
      await api.call({ method: 'Delete', ...this.#messageRoute(posted), signal });
    } catch (error) {
      if (!isUnknownMessage(error)) throw error;
    }
  }

  /** Undefined where the place of a command has to do without its token. */
  async #sendByInteraction(
    post: ReplyPost,
    { contentNow, components }: MessageDraft,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { messageId } = post;
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
      const content = contentNow();
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
    { contentNow, components }: MessageDraft,
    signal: AbortSignal,
  ): Promise<string> {
    const { conversationKey, messageId, idempotencyKey, isAnnouncement } = post;
    if (isOnlyByToken(messageId)) throw tooOld();
    const alone = readPrivateConversation(conversationKey);
    // What only one person may see never goes to the channel.
    const channelId =
      alone === undefined
        ? conversationKey
        : await directMessagesWith(this.options.api, alone.personId, signal);
    if (alone === undefined) this.options.rights.requireToPost(channelId);
    const isReply =
      isSnowflake(messageId) &&
      messageId !== channelId &&
      isAnnouncement !== true &&
      this.options.rights.mayReply(channelId);
    const content = contentNow();
    const body = {
      ...messageBody(content, components),
      nonce: idempotencyKey,
      enforce_nonce: true,
      ...(isReply && {
        message_reference: { message_id: messageId, fail_if_not_exists: false },
      }),
    } satisfies RESTPostAPIChannelMessageJSONBody;
    const route = Routes.channelMessages(channelId);
    const { json } = await this.options.api.call({
      method: 'Post',
      route,
      ...filesOf(content),
      body,
      signal,
    });
    return postedSchema.parse(json).id;
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
    const isAlone = readPrivateConversation(conversationKey) !== undefined;
    if (isOnlyByToken(messageId) || isAlone) throw tooOld();
    return { route: Routes.channelMessage(conversationKey, postId), auth: true };
  }
}

const waited = { wait: 'true' };

function filesOf({ files }: Pick<PostContent, 'files'>): Pick<DiscordCall, 'files'> {
  return files.length === 0 ? {} : { files };
}

/** For what can be answered only by a token that is not good any more. */
export function tooOld(): VistazoError {
  return new VistazoError(
    'platform.gone',
    'The command is too old to be answered, and nothing else may be posted in its place.',
  );
}
