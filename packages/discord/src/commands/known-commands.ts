import {
  type Client,
  type RESTPutAPIApplicationCommandsJSONBody,
  type RouteLike,
  Routes,
} from 'discord.js';
import { z } from 'zod';
import type { DiscordApi } from '../discord-api.js';

type Bodies = RESTPutAPIApplicationCommandsJSONBody;

/** What a {@link KnownCommands} needs. */
export interface KnownCommandsOptions {
  api: DiscordApi;
  client: Client;
  /** Everywhere, or in which servers. */
  where: 'global' | readonly string[];
  notify: (sentence: string) => void;
}

/** Fields of a command that say what it is; Discord has ids and versions besides. */
const commandSchema = z.object({
  type: z.int().default(1),
  name: z.string(),
  name_localizations: z.unknown().optional(),
  description: z.unknown().optional(),
  description_localizations: z.unknown().optional(),
  options: z.unknown().optional(),
  default_member_permissions: z.unknown().optional(),
  nsfw: z.unknown().optional(),
  integration_types: z.array(z.int()).nullish(),
  contexts: z.array(z.int()).nullish(),
});
const commandsSchema = z.array(commandSchema);

/** Makes commands known to Discord, where it does not know just these: it takes 200 new ones a day. */
export class KnownCommands {
  #making = Promise.resolve();

  constructor(private readonly options: KnownCommandsOptions) {}

  /**
   * Puts them in the place of those that were there. What Discord refuses is told to the operator. Calls are
   * done in their order.
   */
  makeKnown(bodies: Bodies): Promise<void> {
    const making = this.#making.then(() => this.#makeKnownEverywhere(bodies));
    this.#making = making;
    return making;
  }

  async #makeKnownEverywhere(bodies: Bodies): Promise<void> {
    const { where, client, notify } = this.options;
    const id = client.application?.id ?? '';
    const places =
      where === 'global'
        ? [{ route: Routes.applicationCommands(id), body: bodies }]
        : where.map((guildId) => ({
            route: Routes.applicationGuildCommands(id, guildId),
            body: bodies.map(withoutContexts),
          }));
    for (const { route, body } of places) {
      const known = await this.#knownAt(route);
      if (known !== undefined && known === sameness(body)) continue;
      await this.options.api.call({ method: 'Put', route, body }).catch(() => {
        notify(
          'The commands could not be made known to Discord; invite the bot with the scope applications.commands, and start it again.',
        );
      });
    }
  }

  /** Undefined where that cannot be found out. */
  async #knownAt(route: RouteLike): Promise<string | undefined> {
    const query = { with_localizations: 'true' };
    const answered = await this.options.api
      .call({ method: 'Get', route, query })
      .catch(() => undefined);
    return answered === undefined ? undefined : sameness(answered.json);
  }
}

/** In one server there is nothing to choose. */
function withoutContexts({ integration_types: _, contexts: __, ...body }: Bodies[number]) {
  return body;
}

/** A text that is the same for commands that are; undefined for what are none. */
function sameness(commands: unknown): string | undefined {
  const parsed = commandsSchema.safeParse(commands).data?.map((command) => ({
    ...command,
    integration_types: command.integration_types?.toSorted(),
    contexts: command.contexts?.toSorted(),
  }));
  const texts = parsed?.map((command) => JSON.stringify(sorted(command))).toSorted();
  return texts === undefined ? undefined : JSON.stringify(texts);
}

/** Without what says the same as its absence, and with the keys in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .map(([key, each]) => [key, sorted(each)] as const)
    .filter(([, each]) => !saysNothing(each))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries);
}

function saysNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
