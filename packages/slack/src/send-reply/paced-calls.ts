import type { SlackApi } from '../slack-api.js';
import { retryAfterMsOf } from '../slack-errors.js';
import { CallPace, type CallRate } from './call-pace.js';

/**
 * What Slack takes, with some room: one message a second in a channel, and of the rest what the tier of each method
 * allows in a team, see https://docs.slack.dev/apis/web-api/rate-limits.
 */
const rates = {
  'chat.postMessage': { burst: 4, perMinute: 60 },
  'chat.update': { burst: 20, perMinute: 50 },
  'chat.delete': { burst: 20, perMinute: 50 },
  'chat.startStream': { burst: 10, perMinute: 20 },
  'chat.appendStream': { burst: 40, perMinute: 100 },
  'chat.stopStream': { burst: 10, perMinute: 20 },
} as const satisfies Record<string, CallRate>;

/** A method whose calls are spread over its rate. */
export type PacedMethod = keyof typeof rates;

/** Calls that make and change messages, none sooner than Slack takes it. */
export class PacedCalls {
  readonly #pace = new CallPace();

  constructor(private readonly api: SlackApi) {}

  /** Throws what {@link SlackApi.call} throws. */
  async call(
    method: PacedMethod,
    tenant: string,
    args: Record<string, unknown> & { channel: string },
    signal: AbortSignal,
  ): Promise<unknown> {
    const key = keyOf(method, tenant, args.channel);
    await this.#pace.wait(key, rates[method], signal);
    try {
      return await this.api.call({ tenant, method, args, signal });
    } catch (error) {
      const retryAfterMs = retryAfterMsOf(error);
      if (retryAfterMs !== undefined) this.#pace.refused(key, rates[method], retryAfterMs);
      throw error;
    }
  }

  /** Whether a call would not have to wait. */
  isFree(method: PacedMethod, tenant: string, channel: string): boolean {
    return this.#pace.isFree(keyOf(method, tenant, channel), rates[method]);
  }
}

function keyOf(method: PacedMethod, tenant: string, channel: string): string {
  return method === 'chat.postMessage' ? `${method} ${tenant} ${channel}` : `${method} ${tenant}`;
}
