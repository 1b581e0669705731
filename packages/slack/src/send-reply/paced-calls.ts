import type { SlackApi } from '../slack-api.js';
import { retryAfterMsOf } from '../slack-errors.js';
import { CallPace, type CallRate } from './call-pace.js';

/**
 * What Slack takes, with some room: one message a second in a channel, and of the rest what the tier of each method
 * allows in a team, see https://docs.slack.dev/apis/web-api/rate-limits. How many calls it takes at once is documented
 * nowhere.
 */
const rates = {
  'chat.postMessage': { burst: 2, perMinute: 55 },
  'chat.update': { burst: 10, perMinute: 45 },
  'chat.delete': { burst: 10, perMinute: 45 },
  'chat.startStream': { burst: 4, perMinute: 18 },
  'chat.appendStream': { burst: 20, perMinute: 90 },
  'chat.stopStream': { burst: 4, perMinute: 18 },
  'conversations.history': { burst: 10, perMinute: 45 },
  'conversations.replies': { burst: 10, perMinute: 45 },
  'assistant.threads.setStatus': { burst: 20, perMinute: 90 },
  'assistant.threads.setSuggestedPrompts': { burst: 20, perMinute: 90 },
  'assistant.threads.setTitle': { burst: 20, perMinute: 90 },
} as const satisfies Record<string, CallRate>;

/** A method whose calls are spread over its rate. */
export type PacedMethod = keyof typeof rates;

/** What is left for whole answers when growing ones take theirs. */
const keptForWhole: Partial<Record<PacedMethod, number>> = { 'chat.update': 4 };

/** A call of a {@link PacedMethod}. */
export interface PacedCall {
  method: PacedMethod;
  tenant: string;
  args: Record<string, unknown> & { channel: string };
  signal: AbortSignal;
  /** What {@link PacedCalls.take} gave, of a call whose turn was taken before. */
  turnAtMs?: number | undefined;
}

/** How often a call that Slack wants later is made again, and the longest that it is waited for. */
const maxTries = 4;
const longestWaitMs = 90_000;

/** Calls that make and change messages, none sooner than Slack takes it. */
export class PacedCalls {
  readonly #pace = new CallPace();

  constructor(private readonly api: SlackApi) {}

  /**
   * Makes the call when it is its turn, and again where Slack asks to wait. Throws what {@link SlackApi.call} throws.
   * The signal ends the waiting; a call that posts is waited for all the same, as only its answer tells what it posted.
   */
  async call(call: PacedCall): Promise<unknown> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.once(tries === 1 ? call : { ...call, turnAtMs: undefined });
      } catch (error) {
        const waitMs = retryAfterMsOf(error) ?? Number.POSITIVE_INFINITY;
        if (tries === maxTries || waitMs > longestWaitMs) throw error;
      }
    }
  }

  /** As {@link PacedCalls.call}, and throws where Slack asks to wait. */
  async once({ method, tenant, args, signal, turnAtMs }: PacedCall): Promise<unknown> {
    const key = keyOf(method, tenant, args.channel);
    await this.#pace.wait(key, rates[method], signal, turnAtMs);
    const isPost = method === 'chat.postMessage' || method === 'chat.startStream';
    try {
      return await this.api.call({ tenant, method, args, ...(!isPost && { signal }) });
    } catch (error) {
      const retryAfterMs = retryAfterMsOf(error);
      if (retryAfterMs !== undefined) this.#pace.refused(key, rates[method], retryAfterMs);
      throw error;
    }
  }

  /** Takes the turn of a call that has to be made later. */
  take(method: PacedMethod, tenant: string, channel: string): number {
    return this.#pace.take(keyOf(method, tenant, channel), rates[method]);
  }

  /** Whether a call that can be left out would not have to wait, nor make others wait that cannot. */
  hasRoom(method: PacedMethod, tenant: string, channel: string): boolean {
    const key = keyOf(method, tenant, channel);
    return this.#pace.hasRoom(key, rates[method], keptForWhole[method]);
  }
}

function keyOf(method: PacedMethod, tenant: string, channel: string): string {
  return method === 'chat.postMessage' ? `${method} ${tenant} ${channel}` : `${method} ${tenant}`;
}
