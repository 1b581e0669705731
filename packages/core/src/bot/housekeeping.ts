import type { Clock } from '../plugin/clock.js';
import type { PluginHost } from '../plugin/plugin-host.js';
import type { ForgetRequest, Forgotten } from '../store/forgetting.js';
import type { Store } from '../store/store.js';
import type { Telemetry } from '../telemetry/telemetry.js';
import { forgetIn } from './forget-data.js';

/** What {@link Housekeeping} needs. @internal */
export interface HousekeepingOptions {
  store: Store;
  plugins: PluginHost;
  telemetry: Telemetry;
  clock: Clock;
  /** How long messages are kept; null for ever. */
  keptForMs: number | null;
  /** How often is looked for what other processes forgot. */
  pollMs: number;
  /** Removes what processes left on the disk that were killed. Never rejects. */
  tidyMedia: () => Promise<void>;
  /** Drops what is kept in memory of tenants, known by their digests. */
  dropCaches: (tenantDigests: readonly string[]) => Promise<void>;
}

const hourMs = 3_600_000;
/** A start has other things to do. */
const firstAfterMs = 60_000;
/** How long ended jobs are known: platforms deliver an event again for up to 24 hours. */
const knownForMs = 48 * hourMs;
/** In place of a plugin, for what one of the processes on a store does. No plugin can have this name. */
const owner = ':housekeeping';

/** Deletes what is old, and forgets what is to be forgotten, on the disk and in memory. @internal */
export class Housekeeping {
  readonly #stopping = new AbortController();
  #looking: NodeJS.Timeout | undefined;
  #cancelNext = () => {};
  #working: Promise<void> = Promise.resolve();
  /** Number of the last thing forgotten of which nothing is in memory. */
  #dropped = 0;

  constructor(private readonly options: HousekeepingOptions) {}

  async start(): Promise<void> {
    const { store, pollMs } = this.options;
    this.#dropped = (await store.forgottenSince(0)).latest;
    // The next look may find the store well again.
    this.#looking = setInterval(() => void this.#drop().catch(() => {}), pollMs).unref();
    this.#cancelNext = this.options.clock.after(firstAfterMs, () => this.#tidy());
  }

  async stop(): Promise<void> {
    clearInterval(this.#looking);
    this.#cancelNext();
    this.#stopping.abort();
    await this.#working;
  }

  /**
   * Forgets a tenant or a person in it, in the store, in memory and in what plugins keep. Throws
   * `plugin.failed` when a plugin could not; all else is forgotten then.
   */
  async forget(request: ForgetRequest): Promise<Forgotten> {
    try {
      return await forgetIn(this.options, request);
    } finally {
      await this.#drop();
    }
  }

  /** Of what other processes forgot there may be something in the memory of this one. */
  async #drop(): Promise<void> {
    const { store, dropCaches } = this.options;
    const { latest, tenantDigests } = await store.forgottenSince(this.#dropped);
    if (tenantDigests.length > 0) await dropCaches(tenantDigests);
    this.#dropped = Math.max(this.#dropped, latest);
  }

  /** And again in an hour. */
  async #tidy(): Promise<void> {
    this.#cancelNext = this.options.clock.after(hourMs, () => this.#tidy());
    this.#working = this.#working.then(async () => {
      await this.options.tidyMedia();
      await this.#attempt('purge', () => this.#purge());
      await this.#attempt('expire', () => this.#expire());
      await this.#attempt('overwrite', () => this.#overwrite());
    });
    await this.#working;
  }

  #purge(): Promise<void> {
    // By the clock of the database, as jobs end.
    return this.options.store.jobs.purge(Date.now() - knownForMs);
  }

  async #expire(): Promise<void> {
    const { store, plugins, clock, keptForMs } = this.options;
    if (keptForMs === null) return;
    const beforeMs = clock.nowMs() - keptForMs;
    await store.expire(beforeMs, { signal: this.#stopping.signal });
    for (const plugin of plugins.forgetters)
      for (const tenant of await store.pluginTenants(plugin))
        if (!this.#stopping.signal.aborted)
          await plugins.forget({ tenant, reason: 'age', beforeMs }, [plugin]);
  }

  /** One process at a time, since tables are written anew. */
  async #overwrite(): Promise<void> {
    const { store, clock, telemetry } = this.options;
    if (!(await store.hasToOverwrite())) return;
    if (!(await store.jobs.claimTime(owner, 'overwrite', clock.nowMs() - (clock.nowMs() % hourMs))))
      return;
    const left = await store.overwriteDeleted();
    if (left.length > 0) telemetry.notOverwritten(left);
  }

  /** The next time may find the store well again. */
  async #attempt(work: string, attempt: () => Promise<void>): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    await attempt().catch((error: unknown) => this.options.telemetry.storeFailed(work, error));
  }
}
