import { BoundedMap } from '@vistazo/core/adapter-kit';
import { z } from 'zod';
import {
  messageSchema,
  type PostedMessage,
  type SlackMessage,
} from './parse-message/slack-message.js';
import type { SlackPlace } from './place.js';
import type { SlackApi } from './slack-api.js';
import { slackCodeOf } from './slack-errors.js';

const maxThreads = 5000;
const maxMessages = 50;
const timeoutMs = 5_000;
/** What Slack says where there is no such message any more. */
const goneCodes: readonly (string | undefined)[] = ['thread_not_found', 'message_not_found'];

interface Thread {
  /** In the order of their `ts`, at most so many. */
  messages: SlackMessage[];
  /** Whether Slack was asked for what was said before the bot listened. */
  isComplete: boolean;
}

const repliesSchema = z.object({ messages: z.array(messageSchema) });

/**
 * What was said in threads: as the bot heard it, and where it did not hear the beginning, as Slack tells it when it
 * is asked. It is asked once for a thread, as some apps may ask once a minute only.
 */
export class Threads {
  readonly #threads = new BoundedMap<string, Thread>(maxThreads);

  constructor(private readonly api: SlackApi) {}

  /** Notes what was posted or changed in a thread, or may become the root of one. */
  heard(message: PostedMessage): void {
    const thread = this.#of(message, message.thread_ts === undefined);
    thread.messages = [...thread.messages.filter(({ ts }) => ts !== message.ts), message]
      .toSorted((a, b) => Number(a.ts) - Number(b.ts))
      .slice(-maxMessages);
  }

  /** Notes that a message is gone. */
  forgot(message: {
    team: string;
    channel: string;
    ts: string;
    thread_ts?: string | undefined;
  }): void {
    const thread = this.#threads.get(keyOf(message));
    if (thread !== undefined)
      thread.messages = thread.messages.filter(({ ts }) => ts !== message.ts);
  }

  /** What was said in its thread before a message, the earliest first; what could not be had is not among it. */
  async before(message: PostedMessage): Promise<SlackMessage[]> {
    if (message.thread_ts === undefined) return [];
    const thread = this.#of(message, false);
    if (!thread.isComplete) await this.#complete(thread, message).catch(() => {});
    return thread.messages.filter(({ ts }) => Number(ts) < Number(message.ts));
  }

  /**
   * A message as it is now; undefined where it is gone. Throws what Slack fails with, or that it does not say in time.
   */
  async find(tenant: string, place: SlackPlace, ts: string): Promise<PostedMessage | undefined> {
    const { channel, threadTs } = place;
    const args = { channel, oldest: ts, latest: ts, inclusive: true, limit: 10 };
    const call =
      threadTs === undefined
        ? { method: 'conversations.history', args }
        : { method: 'conversations.replies', args: { ...args, ts: threadTs } };
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const { messages } = repliesSchema.parse(await this.api.call({ tenant, ...call, signal }));
      const found = messages.find((each) => each.ts === ts);
      return found && { ...found, channel, team: tenant };
    } catch (error) {
      if (goneCodes.includes(slackCodeOf(error))) return undefined;
      throw error;
    }
  }

  #of(message: PostedMessage, isComplete: boolean): Thread {
    const key = keyOf(message);
    const known = this.#threads.get(key);
    if (known !== undefined) return known;
    const thread: Thread = { messages: [], isComplete };
    this.#threads.set(key, thread);
    return thread;
  }

  async #complete(thread: Thread, { team, channel, thread_ts, ts }: PostedMessage): Promise<void> {
    const answer = await this.api.call({
      tenant: team,
      method: 'conversations.replies',
      args: { channel, ts: thread_ts, latest: ts, inclusive: true, limit: maxMessages },
      signal: AbortSignal.timeout(timeoutMs),
    });
    const { messages } = repliesSchema.parse(answer);
    const heard = new Set(thread.messages.map((each) => each.ts));
    thread.messages = [...messages.filter((each) => !heard.has(each.ts)), ...thread.messages]
      .toSorted((a, b) => Number(a.ts) - Number(b.ts))
      .slice(-maxMessages);
    thread.isComplete = true;
  }
}

function keyOf(message: {
  team: string;
  channel: string;
  ts: string;
  thread_ts?: string | undefined;
}): string {
  return `${message.team} ${message.channel} ${message.thread_ts ?? message.ts}`;
}
