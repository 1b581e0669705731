import { BoundedMap, inTime, type Language, languageOf } from '@vistazo/core/adapter-kit';
import { z } from 'zod';
import type { SettingsOfPeople } from './person-settings.js';
import type { SlackApi } from './slack-api.js';
import { retryAfterMsOf } from './slack-errors.js';

/** What is known of a person. */
export interface Person {
  id: string;
  name: string;
  language: Language;
  /** The team that they are of, which is another one than the bot's in shared channels. */
  teamId: string | undefined;
}

const infoSchema = z.object({
  user: z.object({
    name: z.string().nullish(),
    real_name: z.string().nullish(),
    locale: z.string().nullish(),
    team_id: z.string().nullish(),
    profile: z.object({ display_name: z.string().nullish() }).nullish(),
  }),
});

const maxPeople = 50_000;
/** People change what they are called; who is known for longer is asked for anew while that is still taken. */
const knownForMs = 3_600_000;
const maxTeams = 10_000;
const timeoutMs = 5_000;
const soonMs = 1000;

/** Who the people of teams are, asked for once in an hour. */
export class People {
  readonly #known = new BoundedMap<string, { person: Promise<Person>; untilMs: number }>(maxPeople);
  /** Until when Slack wants not to be asked in a team. */
  readonly #notBeforeMs = new BoundedMap<string, number>(maxTeams);

  constructor(
    private readonly api: SlackApi,
    private readonly settings: SettingsOfPeople,
  ) {}

  /** Somebody who cannot be asked for has their id for a name. */
  async of(tenant: string, id: string): Promise<Person> {
    const [person, { language }] = await Promise.all([
      this.#onSlack(tenant, id),
      this.settings.of(tenant, id),
    ]);
    return language === undefined ? person : { ...person, language };
  }

  /** The same within a second, for who waits; what is not known by then is what was said of them already. */
  async soon(tenant: string, { id, name }: Pick<Person, 'id' | 'name'>): Promise<Person> {
    const person = await inTime(this.of(tenant, id), soonMs);
    if (person !== 'late') return person.name === id ? { ...person, name } : person;
    return { id, name, language: languageOf(undefined), teamId: undefined };
  }

  /** See `Adapter.forgotten`. */
  forgotten(isMeant: (tenant: string) => boolean): void {
    this.#known.deleteWhere((key) => isMeant(key.slice(0, key.indexOf(' '))));
  }

  #onSlack(tenant: string, id: string): Promise<Person> {
    const key = `${tenant} ${id}`;
    const nowMs = performance.now();
    const known = this.#known.get(key);
    if (known !== undefined && nowMs < known.untilMs) return known.person;
    const unknown = { id, name: id, language: languageOf(undefined), teamId: undefined };
    if (nowMs < (this.#notBeforeMs.get(tenant) ?? 0))
      return known?.person ?? Promise.resolve(unknown);
    const person = this.#ask(tenant, id).catch((error: unknown) => {
      if (known === undefined) this.#known.delete(key);
      this.#notBeforeMs.set(tenant, performance.now() + (retryAfterMsOf(error) ?? 0));
      return known?.person ?? unknown;
    });
    this.#known.set(key, { person, untilMs: nowMs + knownForMs });
    return known?.person ?? person;
  }

  async #ask(tenant: string, id: string): Promise<Person> {
    const args = { user: id, include_locale: true };
    const signal = AbortSignal.timeout(timeoutMs);
    const answer = await this.api.call({ tenant, method: 'users.info', args, signal });
    const { name, real_name, locale, team_id, profile } = infoSchema.parse(answer).user;
    return {
      id,
      name: profile?.display_name || real_name || name || id,
      language: languageOf(locale),
      teamId: team_id ?? undefined,
    };
  }
}
