import type { AdapterHost } from '@vistazo/core';
import { z } from 'zod';
import { tsAt } from './looks.js';

const sinceSchema = z.record(z.string(), z.string());

const key = 'watched since';

/**
 * Since when the bot answers in channels without being mentioned, kept in its store: what was said there before was
 * not said to it.
 */
export class WatchedChannels {
  constructor(
    private readonly storage: AdapterHost['storage'],
    private readonly channels: readonly string[],
  ) {}

  /** The `ts` of the first start with each of the channels, of those in a row of starts. Throws `store.failed`. */
  async since(team: string): Promise<ReadonlyMap<string, string>> {
    const storage = this.storage(team);
    const { data: before = {} } = sinceSchema.safeParse(await storage.get(key));
    const nowTs = tsAt(Date.now());
    const since = this.channels.map((channel) => [channel, before[channel] ?? nowTs] as const);
    const isSame = since.every(([channel]) => channel in before);
    if (!isSame || since.length !== Object.keys(before).length)
      await storage.set(key, Object.fromEntries(since));
    return new Map(since);
  }
}
