import { type AdapterHost, VistazoError } from '@vistazo/core';
import { pause } from '@vistazo/core/adapter-kit';
import type { EventPlace } from '../slack-events.js';
import { type Look, laterTs, looksBehind, tsAt } from './looks.js';
import type { MissedMessages } from './missed-messages.js';
import { PendingLooks } from './pending-looks.js';
import type { WatchedChannels } from './watched-channels.js';

/** What {@link CatchUp} needs. */
export interface CatchUpOptions {
  host: Pick<AdapterHost, 'recentMessages' | 'storage'>;
  missed: MissedMessages;
  watched: WatchedChannels;
  /** As whom the bot is in a team; undefined where it is not. Throws `store.failed`. */
  placeIn: (team: string) => Promise<EventPlace | undefined>;
  /** The team of the bot's token, where it has one. */
  ownTeam: () => string | undefined;
  /** How old messages may be that are found. */
  catchUpMs: number;
  notify: (sentence: string) => void;
}

/** A team that is looked at. */
interface TeamLooks {
  pending: PendingLooks;
  watchedSince: ReadonlyMap<string, string>;
  /** While it is. */
  work: Promise<void> | undefined;
}

const dayMs = 86_400_000;
/** Conversations where nobody asked for longer are not looked at. */
const activeForMs = 30 * dayMs;
/** Conversations that are looked at, those where somebody asked last. */
const maxConversations = 500;
const firstPauseMs = 1000;
const longestPauseMs = 60_000;
/** What cannot be looked for for so long is left to the next start. */
const giveUpAfterMs = 3_600_000;

/** Finds what was said while the bot was away, and hands it over. */
export class CatchUp {
  readonly #teams = new Map<string, TeamLooks>();
  readonly #stopped = new AbortController();

  constructor(private readonly options: CatchUpOptions) {}

  /**
   * Notes in the store where to look, before anything new is stored. Default behind the latest message that is known
   * in each place, else behind what was heard until a time. Throws `store.failed`.
   */
  async prepare(heardUntilMs?: number): Promise<void> {
    const { host, catchUpMs, ownTeam, notify } = this.options;
    if (catchUpMs === 0) return;
    const nowMs = Date.now();
    const known = await host.recentMessages(nowMs - activeForMs, maxConversations + 1);
    if (known.length > maxConversations)
      notify(
        `The bot looks for what it missed only in the ${maxConversations} conversations on Slack where it was asked last; there are more.`,
      );
    const range = { nowMs, sinceMs: nowMs - catchUpMs, heardUntilMs };
    const looks = looksBehind(known.slice(0, maxConversations), range);
    const own = ownTeam();
    if (own !== undefined && !looks.has(own)) looks.set(own, []);
    for (const [team, found] of looks) await this.#prepareIn(team, found, range);
  }

  /** Looks at what is noted, team by team side by side and beside all else. */
  begin(): void {
    for (const [team, looks] of this.#teams)
      looks.work ??= this.#lookIn(team, looks)
        .catch(() => {
          if (!this.#stopped.signal.aborted)
            this.options.notify(
              'Messages that were posted on Slack while the bot was away could not all be looked for; it tries again at the next start.',
            );
        })
        .finally(() => {
          looks.work = undefined;
        });
  }

  /** What is left is noted for the next start. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.all([...this.#teams.values()].map(({ work }) => work));
  }

  async #prepareIn(
    team: string,
    found: readonly Look[],
    { nowMs, sinceMs }: { nowMs: number; sinceMs: number },
  ): Promise<void> {
    const { host, watched } = this.options;
    const known = this.#teams.get(team);
    const looks = known ?? {
      pending: new PendingLooks(host.storage(team)),
      watchedSince: await watched.since(team),
      work: undefined,
    };
    // What was left for longer than a day may have been answered so long ago that the store does not know it.
    const oldestTs = tsAt(Math.max(sinceMs, nowMs - dayMs));
    if (known === undefined) await looks.pending.addLeft(oldestTs);
    this.#teams.set(team, looks);
    await looks.pending.add([...found, ...this.#unaskedIn(team, looks, found, sinceMs)]);
  }

  /** Channels that are watched and where nobody asked yet. */
  #unaskedIn(
    team: string,
    { watchedSince }: TeamLooks,
    found: readonly Look[],
    sinceMs: number,
  ): Look[] {
    if (team !== this.options.ownTeam()) return [];
    const isFound = new Set(found.map(({ channel }) => channel));
    const unasked = [...watchedSince].filter(([channel]) => !isFound.has(channel));
    return unasked.map(([channel, since]) => {
      return { channel, threadTs: undefined, afterTs: laterTs(since, tsAt(sinceMs)) };
    });
  }

  async #lookIn(team: string, { pending, watchedSince }: TeamLooks): Promise<void> {
    const { signal } = this.#stopped;
    const { missed, placeIn, notify } = this.options;
    let cut = 0;
    let untilMs = Number.POSITIVE_INFINITY;
    for (let pauseMs = firstPauseMs, look = pending.next(); look !== undefined; ) {
      try {
        const place = await placeIn(team);
        const missedIn = place && { place, watchedSince, signal };
        const found = missedIn && (await missed.lookIn(look, missedIn).catch(unlessGone));
        if (found?.isAll === false) cut += 1;
        await pending.done(look, found?.threads ?? []);
        [untilMs, pauseMs] = [Number.POSITIVE_INFINITY, firstPauseMs];
      } catch (error) {
        signal.throwIfAborted();
        const nowMs = performance.now();
        untilMs = Math.min(untilMs, nowMs + giveUpAfterMs);
        if (nowMs > untilMs) throw error;
        pending.postpone(look);
        await pause(pauseMs, signal);
        pauseMs = Math.min(2 * pauseMs, longestPauseMs);
      }
      look = pending.next();
    }
    if (cut > 0)
      notify(
        `While the bot was away more was posted in ${cut} places on Slack than it looks at: 1,000 messages and 100 threads of each; it answers none of the others.`,
      );
  }
}

/** What the bot may not read any more is passed over. */
function unlessGone(error: unknown): undefined {
  if (!(error instanceof VistazoError) || error.code !== 'platform.gone') throw error;
}
