/** Calls that a method takes: so many in a minute, at most `burst` at once, for each channel or altogether. */
export interface Rate {
  readonly perMinute: number;
  readonly burst: number;
  readonly isPerChannel?: boolean;
}

const tier = (perMinute: number): Rate => ({ perMinute, burst: Math.ceil(perMinute / 4) });

/** Slack's tiers in calls a minute: https://docs.slack.dev/apis/web-api/rate-limits. */
const tiers = { 1: tier(1), 2: tier(20), 3: tier(50), 4: tier(100) } as const;

const tierOf: Record<string, keyof typeof tiers> = {
  'chat.startStream': 2,
  'chat.stopStream': 2,
  'conversations.list': 2,
  'users.list': 2,
  'chat.update': 3,
  'chat.delete': 3,
  'conversations.history': 3,
  'conversations.replies': 3,
  'conversations.info': 3,
  'conversations.open': 3,
  'conversations.join': 3,
  'reactions.add': 3,
  'team.info': 3,
  'bots.info': 3,
  'chat.appendStream': 4,
  'chat.postEphemeral': 4,
  'files.info': 4,
  'files.getUploadURLExternal': 4,
  'files.completeUploadExternal': 4,
  'users.info': 4,
  'views.open': 4,
  'views.update': 4,
  'views.publish': 4,
  'assistant.threads.setStatus': 4,
  'assistant.threads.setTitle': 4,
  'assistant.threads.setSuggestedPrompts': 4,
};

/**
 * Rates like Slack's: `chat.postMessage` one a second in each channel with short bursts, other methods by their
 * tiers. Slack documents the tiers and that it tells no exact numbers; it is no Slack.
 */
export class RateLimits {
  /** Calls that were refused, by method. */
  readonly refused = new Map<string, number>();
  readonly #rates = new Map<string, Rate>();
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>();

  constructor() {
    this.set('chat.postMessage', { perMinute: 60, burst: 3, isPerChannel: true });
    for (const [name, number] of Object.entries(tierOf)) this.set(name, tiers[number]);
  }

  set(method: string, rate: Rate): void {
    this.#rates.set(method, rate);
  }

  /** What apps that are distributed outside the Marketplace get: one call a minute for histories. */
  likeOutsideMarketplace(): void {
    for (const name of ['conversations.replies', 'conversations.history'])
      this.set(name, { perMinute: 1, burst: 1 });
  }

  /** Whole seconds to wait; undefined where the call may go on. */
  take(method: string, teamId: string, channel: string): number | undefined {
    const rate = this.#rates.get(method);
    if (rate === undefined) return undefined;
    const key = `${method} ${teamId} ${rate.isPerChannel ? channel : ''}`;
    const nowMs = Date.now();
    const perMs = rate.perMinute / 60_000;
    const bucket = this.#buckets.get(key) ?? { tokens: rate.burst, atMs: nowMs };
    const tokens = Math.min(rate.burst, bucket.tokens + (nowMs - bucket.atMs) * perMs);
    if (tokens < 1) {
      this.#buckets.set(key, { tokens, atMs: nowMs });
      this.refused.set(method, (this.refused.get(method) ?? 0) + 1);
      return Math.max(1, Math.ceil((1 - tokens) / perMs / 1000));
    }
    this.#buckets.set(key, { tokens: tokens - 1, atMs: nowMs });
    return undefined;
  }
}
