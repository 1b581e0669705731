import type { ReplyPost } from '@vistazo/core';
import { BoundedMap } from '@vistazo/core/adapter-kit';
import { z } from 'zod';
import { placeOf, tsOf } from '../place.js';
import type { SlackApi } from '../slack-api.js';
import { isSurelyRefused, retryAfterMsOf } from '../slack-errors.js';
import type { PacedCalls } from './paced-calls.js';
import { hasKey, isOrphan, type KeyedMessage, keyedMessages } from './post-metadata.js';

/** What {@link EarlierPosts} need. */
export interface EarlierPostsOptions {
  api: SlackApi;
  calls: PacedCalls;
  /** The bot's user in a team, where it is known. */
  botUserIdIn: (team: string) => string | undefined;
}

/** Messages of a page; apps outside of the Marketplace get 15. */
const pageSize = 200;
/** An answer stands soon after its question, so that it is found on the first pages of a thread. */
const maxPages = 10;
const maxTeams = 10_000;

const pageSchema = z.object({
  messages: z.array(z.unknown()),
  response_metadata: z.object({ next_cursor: z.string().nullish() }).nullish(),
});
const identitySchema = z.object({ user_id: z.string() });

/** What may have been posted before, by an earlier process or by a call that was not answered; Slack is asked for it. */
export class EarlierPosts {
  readonly #botUserIds = new BoundedMap<string, string>(maxTeams);

  constructor(private readonly options: EarlierPostsOptions) {}

  /**
   * The `ts` of what was posted under the key of a post, or of a stream that was left without a key and is none of the
   * `known` messages of its answer: there is one answer at a time in a thread. Undefined where there is nothing, and
   * where Slack lets the bot write but not read. Throws what Slack fails with otherwise.
   */
  async find(
    post: ReplyPost,
    known: readonly string[],
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const orphans: string[] = [];
    const mayStream = post.isAnnouncement !== true && placeOf(post.conversationKey).threadTs;
    const botUserId = mayStream ? await this.#botUserIdIn(post.tenant, signal) : undefined;
    for await (const messages of this.#pages(post, signal)) {
      const keyed = messages.find((message) => hasKey(message, post.idempotencyKey));
      if (keyed !== undefined) return keyed.ts;
      if (botUserId === undefined) continue;
      const left = messages.filter((message) => isOrphan(message, botUserId));
      orphans.push(...left.map(({ ts }) => ts).filter((ts) => !known.includes(ts)));
    }
    return orphans.toSorted((a, b) => Number(a) - Number(b))[0];
  }

  /** What was said since the question: in threads the earliest first, else the latest. */
  async *#pages(post: ReplyPost, signal: AbortSignal): AsyncGenerator<KeyedMessage[]> {
    const { tenant, conversationKey, messageId } = post;
    const { channel, threadTs } = placeOf(conversationKey);
    const oldest = tsOf(messageId);
    const since = { ...(oldest !== undefined && { oldest }), include_all_metadata: true };
    const all = { channel, ...since, limit: pageSize, ...(threadTs && { ts: threadTs }) };
    const method =
      threadTs === undefined
        ? ('conversations.history' as const)
        : ('conversations.replies' as const);
    let cursor = '';
    for (let page = 0; page < maxPages; page++) {
      const args = { ...all, ...(cursor !== '' && { cursor }) };
      const answer = await this.options.calls
        .call({ method, tenant, args, signal })
        .catch(unlessUnreadable);
      const { messages, response_metadata } = pageSchema.parse(answer);
      yield keyedMessages(messages);
      cursor = response_metadata?.next_cursor ?? '';
      if (cursor === '') return;
    }
  }

  async #botUserIdIn(tenant: string, signal: AbortSignal): Promise<string> {
    const known = this.options.botUserIdIn(tenant) ?? this.#botUserIds.get(tenant);
    if (known !== undefined) return known;
    const answer = await this.options.api.call({ tenant, method: 'auth.test', signal });
    const { user_id } = identitySchema.parse(answer);
    this.#botUserIds.set(tenant, user_id);
    return user_id;
  }
}

/** Whoever may not read a channel's history can still write there; what was posted before is not found then. */
function unlessUnreadable(error: unknown) {
  if (!isSurelyRefused(error) || retryAfterMsOf(error) !== undefined) throw error;
  return { messages: [] };
}
