import type { AdapterHost } from '@vistazo/core';
import { BoundedMap } from '@vistazo/core/adapter-kit';
import { z } from 'zod';

const settingsSchema = z.object({
  /** In which the bot says its own words; absent for that which the person has on Slack. */
  language: z.enum(['en', 'es']).optional(),
});

/** What a person set. */
export type PersonSettings = z.output<typeof settingsSchema>;

const maxTenants = 1000;
const maxPeople = 10_000;

/** The settings of people, in the bot's store. */
export class SettingsOfPeople {
  readonly #known = new BoundedMap<string, BoundedMap<string, PersonSettings>>(maxTenants);

  constructor(private readonly storage: AdapterHost['storage']) {}

  /** None where they cannot be read. */
  async of(tenant: string, userId: string): Promise<PersonSettings> {
    const known = this.#knownIn(tenant);
    const settings = known.get(userId);
    if (settings !== undefined) return settings;
    try {
      const stored = await this.storage(tenant).get(storageKey(userId));
      const read = settingsSchema.safeParse(stored).data ?? {};
      known.set(userId, read);
      return read;
    } catch {
      return {};
    }
  }

  /** Throws `store.failed`. */
  async set(tenant: string, userId: string, settings: PersonSettings): Promise<void> {
    await this.storage(tenant).set(storageKey(userId), settings);
    this.#knownIn(tenant).set(userId, settings);
  }

  /** Throws `store.failed`. */
  async forget(tenant: string, userId: string): Promise<void> {
    await this.storage(tenant).delete(storageKey(userId));
    this.#knownIn(tenant).delete(userId);
  }

  /** A workspace took the bot out, and all that is kept of it is forgotten. */
  left(tenant: string): void {
    this.#known.delete(tenant);
  }

  #knownIn(tenant: string): BoundedMap<string, PersonSettings> {
    const known = this.#known.get(tenant) ?? new BoundedMap(maxPeople);
    this.#known.set(tenant, known);
    return known;
  }
}

function storageKey(userId: string): string {
  return `settings ${userId}`;
}
