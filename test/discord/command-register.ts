import { ApplicationCommandType } from 'discord.js';
import { generateSnowflake } from 'discord-digital-twin';
import { z } from 'zod';
import type { FrontAnswer, FrontCall } from './twin-front.ts';

const bodiesSchema = z.array(
  z.looseObject({
    name: z.string(),
    type: z.int().optional(),
    description: z.string().optional(),
    options: z.array(z.unknown()).optional(),
    name_localizations: z.record(z.string(), z.string()).nullish(),
    description_localizations: z.record(z.string(), z.string()).nullish(),
  }),
);
type Body = z.infer<typeof bodiesSchema>[number];

const path = /^\/applications\/(\d+)\/(?:guilds\/(\d+)\/)?commands(\?.*)?$/;

/** What of commands Discord tells and discord-digital-twin does not: all that an application has in a place. */
export class CommandRegister {
  readonly #byPlace = new Map<string, (Body & { id: string; version: string })[]>();

  /** What Discord would answer in place of the twin. */
  answer({ method, path: asked, json }: FrontCall): FrontAnswer | undefined {
    const [, applicationId, guildId, query] = path.exec(asked) ?? [];
    if (applicationId === undefined) return undefined;
    const place = guildId ?? 'global';
    if (method === 'PUT') {
      const bodies = bodiesSchema.parse(json);
      this.#byPlace.set(
        place,
        bodies.map((body) => ({ ...body, id: generateSnowflake(), version: generateSnowflake() })),
      );
    }
    if (method !== 'GET') return undefined;
    const isWhole = new URLSearchParams(query).get('with_localizations') === 'true';
    const known = this.#byPlace.get(place) ?? [];
    return { status: 200, body: known.map((each) => told(each, applicationId, guildId, isWhole)) };
  }
}

/** As Discord gives it back: with what was not said, and options without what is the default. */
function told(
  command: Body & { id: string; version: string },
  applicationId: string,
  guildId: string | undefined,
  isWhole: boolean,
): Record<string, unknown> {
  const { options = [], description = '', ...rest } = command;
  const { name_localizations: names = null, description_localizations: abouts = null } = command;
  return {
    ...rest,
    type: command.type ?? ApplicationCommandType.ChatInput,
    application_id: applicationId,
    default_member_permissions: null,
    description,
    nsfw: false,
    ...(guildId === undefined
      ? { dm_permission: true, integration_types: [0, 1], contexts: [0, 1, 2] }
      : { guild_id: guildId }),
    ...(options.length > 0 && { options: options.map((each) => toldOption(each, isWhole)) }),
    name_localizations: isWhole ? names : undefined,
    description_localizations: isWhole ? abouts : undefined,
  };
}

function toldOption(option: unknown, isWhole: boolean): unknown {
  const { required, name_localizations, description_localizations, ...rest } = z
    .looseObject({
      required: z.boolean().optional(),
      name_localizations: z.unknown().optional(),
      description_localizations: z.unknown().optional(),
    })
    .parse(option);
  return {
    ...(required === true && { required }),
    ...(isWhole && {
      name_localizations: name_localizations ?? null,
      description_localizations: description_localizations ?? null,
    }),
    ...rest,
  };
}
