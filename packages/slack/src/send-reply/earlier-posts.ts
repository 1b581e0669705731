import type { ReplyPost } from '@vistazo/core';
import { placeOf, postedAtMsOf, tsOf } from '../place.js';
import type { SlackApi } from '../slack-api.js';
import { findPosted } from './post-metadata.js';

/** What {@link EarlierPosts} need. */
export interface EarlierPostsOptions {
  api: SlackApi;
  /** The bot's user in a team. */
  botUserIdIn: (team: string) => string | undefined;
  /** When this process began to listen, in milliseconds since 1970. */
  startedAtMs: number;
}

/** What earlier processes posted, which Slack is asked for. */
export class EarlierPosts {
  constructor(private readonly options: EarlierPostsOptions) {}

  /** The `ts` of what was posted under the key of a post; undefined where there is nothing. Throws what Slack fails with. */
  async find(post: ReplyPost, signal: AbortSignal): Promise<string | undefined> {
    const { tenant, conversationKey, messageId, idempotencyKey } = post;
    const { api, botUserIdIn, startedAtMs } = this.options;
    const askedAtMs = postedAtMsOf(messageId);
    if (askedAtMs === undefined || askedAtMs >= startedAtMs) return undefined;
    const { channel, threadTs } = placeOf(conversationKey);
    const args = { channel, oldest: tsOf(messageId), limit: 100, include_all_metadata: true };
    const call =
      threadTs === undefined
        ? { method: 'conversations.history', args }
        : { method: 'conversations.replies', args: { ...args, ts: threadTs } };
    const answer = await api.call({ tenant, ...call, signal });
    return findPosted(answer, idempotencyKey, botUserIdIn(tenant));
  }
}
