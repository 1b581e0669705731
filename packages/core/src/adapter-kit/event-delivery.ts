import type { AdapterHost } from '../adapter/adapter.js';
import type { PlatformEvent } from '../adapter/platform-event.js';
import { pause } from './pause.js';

/** The pause after the first failure. Each later one is twice as long. */
const firstPauseMs = 500;
/** No pause is longer, so that events are stored soon after the store is back. */
const longestPauseMs = 5000;
/** After this many failures, about a minute, the operator is told that events wait. */
const triesBeforeNotice = 15;
/**
 * So often an event is tried again that fails for a reason of its own: no failure of the store, or one while the store
 * takes others.
 */
const maxOwnFailures = 8;
/** Most events that wait for the store in memory. */
const maxWaiting = 100_000;

/**
 * Hands events to the bot, for platforms that deliver each event only once. An event that cannot be stored waits in
 * memory and is tried again until the store takes it or the adapter stops. After a stop, catch-up finds it: nothing
 * behind it in its channel is stored.
 */
export class EventDelivery {
  readonly #stopped = new AbortController();
  readonly #holds = new Map<string, Promise<void>>();
  /** Calls that failed and are tried again. */
  #waiting = 0;
  #isNoticed = false;
  /** How many calls went well. */
  #successes = 0;

  constructor(
    private readonly host: Pick<AdapterHost, 'receive' | 'forget'>,
    /** Of the platform, for people. */
    private readonly platform: string,
    private readonly notify: (sentence: string) => void,
  ) {}

  /**
   * Resolves when it is stored, however long the store is away. Undefined where it never will be: it is invalid or
   * fails while others are stored, the adapter stops, or too many events wait. A message waits while the channel is held that it was posted in,
   * by default the place of its conversation, and before that for those `before` it that are still to be
   * stored; default none.
   */
  async deliver(
    event: PlatformEvent,
    channelId = event.conversationKey,
    before?: Promise<void>,
  ): Promise<'accepted' | 'known' | 'refused' | undefined> {
    await before;
    const held = event.type === 'message' ? this.#holds.get(channelId) : undefined;
    await held;
    // What came before may not be stored; this one is found behind it after the next start.
    const hasWaited = before !== undefined || held !== undefined;
    if (hasWaited && this.#stopped.signal.aborted) return undefined;
    return this.deliverMissed(event);
  }

  /** What came in before a channel was held. */
  async deliverMissed(event: PlatformEvent): Promise<'accepted' | 'known' | 'refused' | undefined> {
    return this.#again(() => this.host.receive(event));
  }

  /**
   * Holds the messages of a channel until what it gives is called. What is stored last in a channel is where
   * the bot looks for what it missed there, so that nothing may be stored before what came earlier.
   */
  hold(channelId: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    const held = Promise.all([this.#holds.get(channelId), promise]).then(() => {
      if (this.#holds.get(channelId) === held) this.#holds.delete(channelId);
    });
    this.#holds.set(channelId, held);
    return resolve;
  }

  /** A whole tenant, or one person in it; gives whether all of it is forgotten. */
  async forget(tenant: string, personId?: string): Promise<boolean> {
    const forgotten = await this.#again(async () => {
      await this.host.forget(tenant, personId);
      return true;
    });
    return forgotten ?? false;
  }

  /**
   * What the store knows, as soon as it answers. Throws the reason of the stop when that comes before, and what is no
   * failure of the store.
   */
  async known<T>(read: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await read();
      } catch (error) {
        if (codeOf(error) !== 'store.failed') throw error;
      }
      await pause(pauseMsAfter(tries), this.#stopped.signal);
    }
  }

  /** Tries nothing again any more, and gives up what is held. */
  stop(): void {
    this.#stopped.abort();
  }

  async #again<T>(work: () => Promise<T>): Promise<T | undefined> {
    let isWaiting = false;
    let ownFailures = 0;
    let successes = this.#successes;
    try {
      for (let tries = 1; ; tries++) {
        try {
          const result = await work();
          this.#successes += 1;
          return result;
        } catch (error) {
          if (codeOf(error) !== 'store.failed' || successes !== this.#successes) ownFailures += 1;
          successes = this.#successes;
          if (ownFailures >= maxOwnFailures) return this.#giveUp(error);
          if (!isWaiting && this.#waiting >= maxWaiting) return this.#giveUp(error);
          if (this.#stopped.signal.aborted || isInvalid(error)) return this.#giveUp(error);
          if (!isWaiting) this.#waiting += 1;
          isWaiting = true;
          if (tries === triesBeforeNotice) this.#notice(error);
        }
        await pause(pauseMsAfter(tries), this.#stopped.signal).catch(() => {});
      }
    } finally {
      if (isWaiting) this.#waiting -= 1;
      if (this.#waiting === 0) this.#isNoticed = false;
    }
  }

  #giveUp(error: unknown): undefined {
    this.notify(`What came from ${this.platform} could not be kept: ${codeOf(error)}.`);
  }

  /** Once for each time that the store is away. */
  #notice(error: unknown): void {
    if (this.#isNoticed) return;
    this.#isNoticed = true;
    this.notify(
      `What comes from ${this.platform} cannot be stored: ${codeOf(error)}. It waits in memory and is tried again; do not stop the bot before the store is back.`,
    );
  }
}

function pauseMsAfter(tries: number): number {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** (tries - 1));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'internal';
}

/** What is wrong with itself does not become right. */
function isInvalid(error: unknown): boolean {
  return codeOf(error) === 'option.invalid';
}
