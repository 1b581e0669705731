import type { ActionsBlock } from '@slack/types';
import type { AnsweringEvent, PostedReply, ReplyPost, ReplyTarget } from '@vistazo/core';
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
import { retryAfterMsOf, slackCodeOf } from '../slack-errors.js';
import { CallPace, type CallRate } from './call-pace.js';
import { messageBody } from './message-body.js';
import { findPosted, postMetadata } from './post-metadata.js';

/** What a {@link ReplySender} needs. */
export interface ReplySenderOptions {
  api: SlackApi;
  /** Whether answers have buttons. */
  buttons: boolean;
  /** That of a person. */
  languageOf: (tenant: string, userId: string) => Promise<Language>;
  /** When this process began to listen, in milliseconds since 1970. */
  startedAtMs: number;
}

type Signal = { signal: AbortSignal };

/** How many posts are known by their keys; older ones are looked for on Slack. */
const maxKeys = 100_000;
/** Posts whose text is known, to change their buttons alone. */
const maxTexts = 10_000;
/** How long buttons may take to be changed. */
const buttonsTimeoutMs = 30_000;

/** Slack's own limits, with some room: one message a second in a channel, and tier 3 for changes in a team. */
const rates = {
  'chat.postMessage': { burst: 4, perMinute: 60 },
  'chat.update': { burst: 20, perMinute: 50 },
  'chat.delete': { burst: 20, perMinute: 50 },
} as const satisfies Record<string, CallRate>;

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
  readonly #texts = new BoundedMap<string, string>(maxTexts);
  readonly #pace = new CallPace();
  readonly #asides = new Set<Promise<void>>();

  constructor(private readonly options: ReplySenderOptions) {}

  async post(post: ReplyPost, { signal }: Signal): Promise<string> {
    signal.throwIfAborted();
    const { tenant, idempotencyKey } = post;
    const key = `${tenant} ${idempotencyKey}`;
    const known = this.#posted.get(key) ?? (await this.#postedBefore(post, signal));
    const ts = known ?? (await this.#send(post, signal));
    this.#posted.set(key, ts);
    return ts;
  }

  async edit(posted: PostedReply, text: string, { signal }: Signal): Promise<void> {
    const answer = this.answers.of(posted);
    if (!answer.postIds.includes(posted.postId)) answer.postIds.push(posted.postId);
    const buttons = await this.#buttonsWhileUnderWay(posted, answer, posted.postId);
    await this.#update(posted, text, buttons, signal);
  }

  async remove(posted: PostedReply, { signal }: Signal): Promise<void> {
    const answer = this.answers.of(posted);
    answer.postIds = answer.postIds.filter((id) => id !== posted.postId);
    const { channel } = placeOf(posted.conversationKey);
    const args = { channel, ts: posted.postId };
    try {
      await this.#call('chat.delete', posted.tenant, args, signal);
    } catch (error) {
      if (slackCodeOf(error) !== 'message_not_found') throw error;
    }
  }

  /** Changes the buttons as the answer goes on. */
  answering(target: ReplyTarget, event: AnsweringEvent): void {
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

  async #send(post: ReplyPost, signal: AbortSignal): Promise<string> {
    const { tenant, conversationKey, text, idempotencyKey } = post;
    const answer = this.answers.of(post);
    const buttons = await this.#buttonsWhileUnderWay(post, answer, undefined);
    const { channel, threadTs } = placeOf(conversationKey);
    const args = {
      channel,
      ...(threadTs !== undefined && { thread_ts: threadTs }),
      ...withButtons(text, buttons),
      ...quiet,
      metadata: postMetadata(idempotencyKey),
    };
    const { ts } = postedSchema.parse(await this.#call('chat.postMessage', tenant, args, signal));
    answer.postIds.push(ts);
    if (buttons !== undefined) answer.withButtons.add(ts);
    this.#texts.set(textKey(post, ts), text);
    return ts;
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
    return findPosted(answer, idempotencyKey);
  }

  async #update(
    posted: PostedReply,
    text: string,
    buttons: ActionsBlock | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const { tenant, conversationKey, postId } = posted;
    const { channel } = placeOf(conversationKey);
    const { link_names, parse } = quiet;
    const args = { channel, ts: postId, ...withButtons(text, buttons), link_names, parse };
    await this.#call('chat.update', tenant, args, signal);
    this.#texts.set(textKey(posted, postId), text);
    const { withButtons: buttoned } = this.answers.of(posted);
    if (buttons === undefined) buttoned.delete(postId);
    else buttoned.add(postId);
  }

  async #call(
    method: keyof typeof rates,
    tenant: string,
    args: Record<string, unknown> & { channel: string },
    signal: AbortSignal,
  ): Promise<unknown> {
    const key = [method, tenant, ...(method === 'chat.postMessage' ? [args.channel] : [])].join(
      ' ',
    );
    const rate = rates[method];
    await this.#pace.wait(key, rate, signal);
    try {
      return await this.options.api.call({ tenant, method, args, signal });
    } catch (error) {
      const retryAfterMs = retryAfterMsOf(error);
      if (retryAfterMs !== undefined) this.#pace.refused(key, rate, retryAfterMs);
      throw error;
    }
  }

  /** The first message of an answer has a button that stops it. */
  async #buttonsWhileUnderWay(
    { tenant, messageId }: ReplyTarget,
    { isUnderWay, postIds, askerId }: AnswerPosts,
    postId: string | undefined,
  ): Promise<ActionsBlock | undefined> {
    if (!this.options.buttons || !isUnderWay || postIds[0] !== postId) return undefined;
    return stopButton({ messageId, askerId, language: await this.#languageOf(tenant, askerId) });
  }

  /** They stand below the last message of an answer. */
  async #showEndButtons(target: ReplyTarget, answer: AnswerPosts): Promise<void> {
    const { askerId, postIds, withButtons: buttoned } = answer;
    const { tenant, messageId } = target;
    const last = postIds.at(-1);
    const language = await this.#languageOf(tenant, askerId);
    const signal = AbortSignal.timeout(buttonsTimeoutMs);
    for (const postId of [...postIds]) {
      const text = this.#texts.get(textKey(target, postId));
      const isLast = postId === last;
      if (text === undefined || (!isLast && !buttoned.has(postId))) continue;
      const buttons = isLast ? endButtons({ messageId, askerId, language }) : undefined;
      await this.#update({ ...target, postId }, text, buttons, signal);
    }
  }

  async #languageOf(tenant: string, askerId: string | undefined): Promise<Language> {
    return askerId === undefined ? 'en' : this.options.languageOf(tenant, askerId);
  }

  /** What is no reason to do anything over when it fails. */
  #aside(work: Promise<void>): void {
    const running: Promise<void> = work.catch(() => {}).finally(() => this.#asides.delete(running));
    this.#asides.add(running);
  }
}

function withButtons(text: string, buttons: ActionsBlock | undefined) {
  const body = messageBody(text);
  return buttons === undefined ? body : { ...body, blocks: [...body.blocks, buttons] };
}

function textKey({ tenant, conversationKey }: ReplyTarget, postId: string): string {
  return `${tenant} ${placeOf(conversationKey).channel} ${postId}`;
}
