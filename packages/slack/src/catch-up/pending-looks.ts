import type { AdapterHost } from '@vistazo/core';
import { z } from 'zod';
import { keyOfLook, type Look, laterTs } from './looks.js';

const looksSchema = z.array(
  z.object({ channel: z.string(), threadTs: z.string().optional(), afterTs: z.string() }),
);

const key = 'to look at';

/**
 * The places of one team that are still to be looked at. They are kept in the bot's store until they were: what is
 * heard meanwhile is newer than what was missed, and would hide it after a death.
 */
export class PendingLooks {
  readonly #looks = new Map<string, Look>();

  constructor(private readonly storage: ReturnType<AdapterHost['storage']>) {}

  /** Adds what an earlier process left, where it is not older than `oldestTs`. Throws `store.failed`. */
  async addLeft(oldestTs: string): Promise<void> {
    const { data = [] } = looksSchema.safeParse(await this.storage.get(key));
    for (const { channel, threadTs, afterTs } of data)
      this.#add({ channel, threadTs, afterTs: laterTs(afterTs, oldestTs) });
  }

  /** Throws `store.failed`. */
  async add(looks: readonly Look[]): Promise<void> {
    for (const look of looks) this.#add(look);
    await this.#keep();
  }

  next(): Look | undefined {
    const [next] = this.#looks.values();
    return next;
  }

  /** One could not be looked at now; the others come before it. */
  postpone(look: Look): void {
    const key = keyOfLook(look);
    // It may have been added anew meanwhile.
    const now = this.#looks.get(key) ?? look;
    this.#looks.delete(key);
    this.#looks.set(key, now);
  }

  /** One was done, and showed where else to look. Throws `store.failed`. */
  async done(look: Look, others: readonly Look[]): Promise<void> {
    for (const other of others) this.#add(other);
    // It may have been added anew meanwhile.
    if (this.#looks.get(keyOfLook(look)) === look) this.#looks.delete(keyOfLook(look));
    await this.#keep();
  }

  #add(look: Look): void {
    const known = this.#looks.get(keyOfLook(look));
    const isWider = known !== undefined && Number(known.afterTs) < Number(look.afterTs);
    this.#looks.set(keyOfLook(look), { ...look, ...(isWider && { afterTs: known.afterTs }) });
  }

  async #keep(): Promise<void> {
    const looks = [...this.#looks.values()];
    await (looks.length === 0 ? this.storage.delete(key) : this.storage.set(key, looks));
  }
}
