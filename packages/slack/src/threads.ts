import { VistazoError } from '@vistazo/core';
import { BoundedMap, inTime, pause } from '@vistazo/core/adapter-kit';
import { z } from 'zod';
import { blocksToRead } from './parse-message/read-message.js';
import {
  isReply,
  messageSchema,
  type PostedMessage,
  type SlackMessage,
} from './parse-message/slack-message.js';
import type { SlackPlace } from './place.js';
import type { SlackApi } from './slack-api.js';
import { isMessageGone, retryAfterMsOf } from './slack-errors.js';

const maxThreads = 5000;
/** Messages that are kept of a thread: the one that it was begun of, and the latest. */
const maxMessages = 50;
/** Most characters (UTF-16 units, as JSON) of all that is kept; what was heard of first goes first. */
const maxCharacters = 20_000_000;
/** Most of what hangs below a message. */
const maxAttachments = 20;
/** Most messages that Slack is asked for at once, the earliest first; it tells some apps no more than 15. */
const maxAsked = 999;
const maxPages = 20;
const timeoutMs = 5_000;
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;
/** An answer that changes later than that would help nobody. */
const giveUpAfterMs = 3_600_000;
const maxTeams = 10_000;

interface Thread {
  /** In the order of their `ts`. */
  messages: SlackMessage[];
  /** Characters of these. */
  size: number;
  /** Whether it is not kept any more. */
  isDropped: boolean;
  /**
   * Since which time without hearing the bot heard all of it, or Slack told it what there was, or would never tell;
   * undefined where it does not know all.
   */
  wholeSince: number | undefined;
  /** While Slack is asked. */
  asking: { whole: Promise<void>; sinceMs: number } | undefined;
}

/** What says which thread it is. */
type ThreadPlace = Pick<PostedMessage, 'team' | 'channel' | 'ts' | 'thread_ts'>;

const repliesSchema = z.object({
  messages: z.array(messageSchema),
  response_metadata: z.object({ next_cursor: z.string().nullish() }).nullish(),
});

/**
 * What was said in threads: as the bot heard it, and where it did not hear the beginning, as Slack tells it when it
 * is asked. It is asked once for a thread, as some apps may ask once a minute only, and again until it tells.
 */
export class Threads {
  readonly #threads = new BoundedMap<string, Thread>(maxThreads, (thread) => this.#dropped(thread));
  readonly #sizes = new WeakMap<SlackMessage, number>();
  #size = 0;
  /** When the next call may be made in a team that Slack refused one in, and how long after that the next. */
  readonly #turns = new BoundedMap<string, { atMs: number; gapMs: number }>(maxTeams);
  readonly #stopped = new AbortController();
  /** How often the bot heard nothing for a while. */
  #gaps = 0;

  constructor(
    private readonly api: SlackApi,
    private readonly limits = { maxCharacters },
  ) {}

  /**
   * Notes what was posted or changed in a thread, or may become the root of one; `fromBeginning` where the bot hears
   * what is said in the channel from then on.
   */
  heard(message: PostedMessage, { fromBeginning = false } = {}): void {
    const thread = this.#of(message);
    if (fromBeginning && !isReply(message)) thread.wholeSince = this.#gaps;
    this.#keep(thread, message, [message]);
  }

  /** The bot heard nothing for a while: there may be more in each thread than it knows. */
  missedSome(): void {
    this.#gaps += 1;
  }

  /** Notes that a message is gone. */
  forgot(message: ThreadPlace): void {
    const thread = this.#threads.get(keyOf(message));
    if (thread !== undefined)
      this.#set(
        thread,
        thread.messages.filter(({ ts }) => ts !== message.ts),
      );
  }

  /** A message as it was heard last, or as Slack told of it. */
  versionOf(message: ThreadPlace): SlackMessage | undefined {
    return this.#threads.get(keyOf(message))?.messages.find(({ ts }) => ts === message.ts);
  }

  /**
   * What was said in its thread before a message, the earliest first. Slack is waited for at most `patienceMs`, once
   * for each thread; what it tells later is there when {@link whole} resolves.
   */
  async before(
    message: PostedMessage,
    patienceMs: number,
  ): Promise<{ messages: SlackMessage[]; isWhole: boolean }> {
    if (!isReply(message)) return { messages: [], isWhole: true };
    const thread = this.#of(message);
    if (!this.#isWhole(thread)) {
      const { whole, sinceMs } = this.#ask(thread, message);
      const leftMs = Math.max(0, sinceMs + patienceMs - performance.now());
      await inTime(whole, leftMs).catch(() => {});
    }
    const messages = thread.messages.filter(({ ts }) => Number(ts) < Number(message.ts));
    return { messages, isWhole: this.#isWhole(thread) };
  }

  /** Resolves when nothing more comes of a thread. Throws what Slack failed with for an hour, or that it was stopped. */
  async whole(message: PostedMessage): Promise<void> {
    if (!isReply(message)) return;
    const thread = this.#of(message);
    if (!this.#isWhole(thread)) await this.#ask(thread, message).whole;
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
      if (isMessageGone(error)) return undefined;
      throw error;
    }
  }

  /** See `Adapter.forgotten`. What Slack is being asked for, it tells again. */
  forgotten(isMeant: (tenant: string) => boolean): void {
    this.#threads.deleteWhere((key, thread) => {
      if (!isMeant(teamOf(key))) return false;
      this.#set(thread, []);
      return thread.asking === undefined;
    });
  }

  /** Asks Slack for nothing any more. */
  stop(): void {
    this.#stopped.abort();
  }

  #isWhole({ wholeSince }: Thread): boolean {
    return wholeSince === this.#gaps;
  }

  #of(message: ThreadPlace): Thread {
    const key = keyOf(message);
    const known = this.#threads.get(key);
    if (known !== undefined) return known;
    const thread: Thread = {
      messages: [],
      size: 0,
      isDropped: false,
      wholeSince: undefined,
      asking: undefined,
    };
    this.#threads.set(key, thread);
    return thread;
  }

  #keep(thread: Thread, { ts, thread_ts = ts }: ThreadPlace, heard: readonly SlackMessage[]): void {
    const isHeard = new Set(heard.map((each) => each.ts));
    const all = [...thread.messages.filter((each) => !isHeard.has(each.ts)), ...heard.map(kept)];
    all.sort((a, b) => Number(a.ts) - Number(b.ts));
    const root = all.filter((each) => each.ts === thread_ts);
    const replies = all.filter((each) => each.ts !== thread_ts);
    this.#set(thread, [...root, ...replies.slice(-maxMessages + root.length)]);
  }

  #set(thread: Thread, messages: SlackMessage[]): void {
    thread.messages = messages;
    if (thread.isDropped) return;
    const size = messages.reduce((sum, message) => sum + this.#sizeOf(message), 0);
    this.#size += size - thread.size;
    thread.size = size;
    while (this.#size > this.limits.maxCharacters) if (!this.#threads.dropOldest()) return;
  }

  #dropped(thread: Thread): void {
    thread.isDropped = true;
    this.#size -= thread.size;
  }

  #sizeOf(message: SlackMessage): number {
    const size = this.#sizes.get(message) ?? JSON.stringify(message).length;
    this.#sizes.set(message, size);
    return size;
  }

  #ask(thread: Thread, message: PostedMessage): { whole: Promise<void>; sinceMs: number } {
    if (thread.asking !== undefined) return thread.asking;
    const whole = this.#untilTold(thread, message).finally(() => {
      thread.asking = undefined;
    });
    // Nobody may wait for it any more.
    whole.catch(() => {});
    thread.asking = { whole, sinceMs: performance.now() };
    return thread.asking;
  }

  async #untilTold(thread: Thread, message: PostedMessage): Promise<void> {
    const { signal } = this.#stopped;
    const { team } = message;
    const untilMs = performance.now() + giveUpAfterMs;
    const gaps = this.#gaps;
    let cursor: string | undefined;
    let pages = 0;
    for (let pauseMs = 0; ; ) {
      await this.#turn(team, signal);
      try {
        const told = await this.#told(message, cursor, signal);
        this.#add(thread, message, told.messages);
        cursor = told.response_metadata?.next_cursor || undefined;
        pages += 1;
        pauseMs = 0;
        if (cursor !== undefined && pages < maxPages) continue;
        thread.wholeSince = gaps;
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (isFinal(error)) {
          thread.wholeSince = gaps;
          return;
        }
        if (performance.now() > untilMs) throw error;
        const retryAfterMs = retryAfterMsOf(error);
        pauseMs = Math.min(Math.max(firstPauseMs, 2 * pauseMs), longestPauseMs);
        if (retryAfterMs === undefined) await pause(pauseMs, signal);
        else this.#refused(team, retryAfterMs);
      }
    }
  }

  async #told(
    { team, channel, thread_ts, ts }: PostedMessage,
    cursor: string | undefined,
    stopped: AbortSignal,
  ): Promise<z.output<typeof repliesSchema>> {
    const page = { limit: maxAsked, ...(cursor !== undefined && { cursor }) };
    const answer = await this.api.call({
      tenant: team,
      method: 'conversations.replies',
      args: { channel, ts: thread_ts, latest: ts, inclusive: true, ...page },
      signal: AbortSignal.any([stopped, AbortSignal.timeout(timeoutMs)]),
    });
    return repliesSchema.parse(answer);
  }

  /** What was heard is newer than what Slack told. */
  #add(thread: Thread, place: ThreadPlace, told: readonly SlackMessage[]): void {
    const heard = new Set(thread.messages.map(({ ts }) => ts));
    const others = told.filter(({ ts }) => !heard.has(ts));
    this.#keep(thread, place, others);
  }

  /** Resolves when a call may be made in a team: those that were refused are made one after the other. */
  async #turn(team: string, signal: AbortSignal): Promise<void> {
    const nowMs = performance.now();
    const turn = this.#turns.get(team);
    if (turn === undefined || turn.atMs + turn.gapMs <= nowMs) return;
    const atMs = turn.atMs;
    turn.atMs = Math.max(atMs, nowMs) + turn.gapMs;
    await pause(atMs - nowMs, signal);
  }

  #refused(team: string, retryAfterMs: number): void {
    const atMs = Math.max(this.#turns.get(team)?.atMs ?? 0, performance.now() + retryAfterMs);
    this.#turns.set(team, { atMs, gapMs: retryAfterMs });
  }
}

function keyOf({ team, channel, ts, thread_ts = ts }: ThreadPlace): string {
  return `${team} ${channel} ${thread_ts}`;
}

function teamOf(key: string): string {
  return key.slice(0, key.indexOf(' '));
}

/** What of a message is asked for later: its blocks without those that say what its text says. */
function kept(message: SlackMessage): SlackMessage {
  const { attachments } = message;
  return {
    ...message,
    blocks: blocksToRead(message),
    attachments: attachments?.slice(0, maxAttachments),
  };
}

/** Whether Slack will not tell of the thread later either. */
function isFinal(error: unknown): boolean {
  return (
    error instanceof z.ZodError || (error instanceof VistazoError && error.code === 'platform.gone')
  );
}
