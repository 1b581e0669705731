import type { AdapterHost } from '../adapter/adapter.js';
import type { PlatformEvent } from '../adapter/platform-event.js';
import { pause } from './pause.js';

/** How often an event is handed over that could not be stored, each time after twice as long. */
const maxTries = 8;
const firstPauseMs = 500;

/**
 * Hands events over to the bot, for platforms that do not deliver an event again that could not be stored: it
 * is tried again here.
 */
export class EventDelivery {
  readonly #stopped = new AbortController();
  readonly #holds = new Map<string, Promise<void>>();

  constructor(
    private readonly host: Pick<AdapterHost, 'receive' | 'forget'>,
    /** Of the platform, for people. */
    private readonly platform: string,
    private readonly notify: (sentence: string) => void,
  ) {}

  /**
   * Undefined where it could not be stored. A message waits while the channel is held that it was posted in,
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

  /** Tries nothing again any more, and gives up what is held. */
  stop(): void {
    this.#stopped.abort();
  }

  async #again<T>(work: () => Promise<T>): Promise<T | undefined> {
    for (let tries = 1; ; tries++) {
      try {
        return await work();
      } catch (error) {
        if (tries === maxTries || this.#stopped.signal.aborted || isInvalid(error)) {
          this.notify(`What came from ${this.platform} could not be kept: ${codeOf(error)}.`);
          return undefined;
        }
      }
      await pause(firstPauseMs * 2 ** (tries - 1), this.#stopped.signal).catch(() => {});
    }
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'internal';
}

/** What is wrong with itself does not become right. */
function isInvalid(error: unknown): boolean {
  return codeOf(error) === 'option.invalid';
}
