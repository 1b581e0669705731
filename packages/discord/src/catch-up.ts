import { type AdapterHost, type KnownMessage, VistazoError } from '@vistazo/core';
import type { EventDelivery } from '@vistazo/core/adapter-kit';
import type { ChangedMessages } from './changed-messages.js';
import type { DiscordApi } from './discord-api.js';
import { leftGuilds, type PresentGuilds } from './left-guilds.js';
import type { MissedMessages } from './missed-messages.js';

/** What {@link CatchUp} needs. */
export interface CatchUpOptions {
  api: DiscordApi;
  host: Pick<AdapterHost, 'recentMessages' | 'tenants'>;
  delivery: EventDelivery;
  missed: MissedMessages;
  changed: ChangedMessages;
  /** What comes from the gateway from now on waits for this; it must not fail. */
  holdUntil: (done: Promise<void>) => void;
  /** How old messages may be that are found. */
  catchUpMs: number;
  notify: (sentence: string) => void;
}

const dayMs = 86_400_000;
/** A channel where nobody asked for longer is not looked at. */
const activeForMs = 30 * dayMs;
/** Changes that are older are not followed: the store knows those that it heard of for twice as long. */
const longestChangeMs = dayMs;
/** Channels that are looked at, those where somebody asked last. */
const maxChannels = 500;
/** Channels that are looked at side by side, within Discord's 50 calls in a second. */
const maxAtOnce = 5;

/** A channel to look at, which is held until it was. */
interface HeldChannel {
  known: KnownMessage;
  release: () => void;
}

/** Finds what happened before a session began that goes on from no other one, and hands it over. */
export class CatchUp {
  readonly #stopped = new AbortController();
  #looking = Promise.resolve();
  #following = Promise.resolve();

  constructor(private readonly options: CatchUpOptions) {}

  /**
   * What comes in the session waits until it is known where to look, and messages in those channels until what
   * came before is stored, so that nothing between the two is passed over, also when the process dies
   * meanwhile.
   */
  begin(present: PresentGuilds): void {
    if (this.options.catchUpMs > 0) this.#beginToLook();
    this.#follow('Servers that took the bot out while it was away could not be looked for.', () =>
      this.#forgetLeft(present),
    );
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#looking;
    await this.#following;
  }

  #beginToLook(): void {
    const nowMs = Date.now();
    const { signal } = this.#stopped;
    const channels = this.#channels(nowMs);
    this.options.holdUntil(channels.then(ignore, ignore));
    this.#looking = this.#looking
      .then(async () => this.#lookIn(await channels, nowMs))
      .catch(() => {
        if (!signal.aborted)
          this.options.notify(
            'Messages that came in while the bot was away could not all be looked for.',
          );
      });
    this.#follow(
      'Changes and deletions while the bot was away could not all be looked for.',
      async () => this.#followIn(await channels, nowMs),
    );
  }

  /**
   * When it has looked, and beside what is looked for later: it waits in channels for messages that wait for
   * all that is looked for.
   */
  #follow(failure: string, work: () => Promise<void>): void {
    const looked = this.#looking;
    this.#following = this.#following
      .then(() => looked)
      .then(work)
      .catch(() => {
        if (!this.#stopped.signal.aborted) this.options.notify(failure);
      });
  }

  async #forgetLeft(present: PresentGuilds): Promise<void> {
    const { api, host, delivery, notify } = this.options;
    const tenants = await delivery.known(() => host.tenants());
    const left = await leftGuilds(tenants, present, api, this.#stopped.signal);
    for (const tenant of left)
      if (await delivery.forget(tenant))
        notify(`The Discord server ${tenant} took the bot out while it was away; it is forgotten.`);
  }

  async #channels(nowMs: number): Promise<HeldChannel[]> {
    const { host, missed, delivery, notify } = this.options;
    // Without what the store knows nothing that was missed would be found.
    const known = await delivery.known(() =>
      host.recentMessages(nowMs - activeForMs, maxChannels + 1),
    );
    if (known.length > maxChannels)
      notify(
        `The bot looks for what it missed only in the ${maxChannels} Discord channels where it was asked last; there are more.`,
      );
    const looked = known.slice(0, maxChannels);
    const all = await missed.withChannelsOfThreads(looked, this.#stopped.signal);
    return all.map((each) => ({ known: each, release: delivery.hold(each.conversationKey) }));
  }

  async #lookIn(channels: readonly HeldChannel[], nowMs: number): Promise<void> {
    const { missed, catchUpMs, notify } = this.options;
    const sinceMs = nowMs - catchUpMs;
    const passed = await inEach(channels, async ({ known, release }) => {
      try {
        return await missed.findIn(known, sinceMs, this.#stopped.signal);
      } finally {
        release();
      }
    });
    if (passed > 0)
      notify(
        `While the bot was away more than 1,000 messages came in in ${passed} of its Discord channels; it looked at the first 1,000 of each and answers none behind them.`,
      );
  }

  async #followIn(channels: readonly HeldChannel[], nowMs: number): Promise<void> {
    const { changed, catchUpMs, notify } = this.options;
    const sinceMs = nowMs - Math.min(catchUpMs, longestChangeMs);
    const passed = await inEach(channels, ({ known }) =>
      changed.followIn(known, sinceMs, this.#stopped.signal),
    );
    if (passed > 0)
      notify(
        `In ${passed} Discord channels there are questions so far back that the bot did not look whether they were changed or deleted while it was away.`,
      );
  }
}

/**
 * Looks in some channels at a time, and gives in how many of them it could not look at all. One that the bot
 * may not read any more is passed over. Throws the first failure when it has looked in each.
 */
async function inEach(
  channels: readonly HeldChannel[],
  look: (channel: HeldChannel) => Promise<boolean>,
): Promise<number> {
  const waiting = [...channels];
  const failures: unknown[] = [];
  let passed = 0;
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      try {
        if (!(await look(next))) passed += 1;
      } catch (error) {
        if (!isGone(error)) failures.push(error);
      }
  };
  await Promise.all(Array.from({ length: maxAtOnce }, work));
  if (failures.length > 0) throw failures[0];
  return passed;
}

function isGone(error: unknown): boolean {
  return error instanceof VistazoError && error.code === 'platform.gone';
}

function ignore(): void {}
