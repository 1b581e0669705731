import type { AdapterFinding } from '@vistazo/core';
import { PermissionFlagsBits, Routes } from 'discord.js';
import { z } from 'zod';
import type { DiscordApi } from './discord-api.js';
import { sayPermissions } from './language.js';
import { type NeededPermission, permissionBits } from './send-reply/channel-permissions.js';

/** Servers that are looked at, which is as many as Discord tells at once. */
const maxGuilds = 200;
/** Servers that are named. */
const maxNamed = 10;

const guildsSchema = z.array(
  z.object({
    id: z.string(),
    name: z.string().default(''),
    /** What the roles of the bot give it there; channels may say otherwise. */
    permissions: z.string().regex(/^\d+$/),
  }),
);

/** Says in which servers the bot lacks permissions that it uses, as far as Discord tells. */
export async function guildFindings(
  api: DiscordApi,
  used: readonly NeededPermission[],
  signal: AbortSignal,
): Promise<AdapterFinding[]> {
  const query = { limit: String(maxGuilds) };
  const told = await api
    .call({ method: 'Get', route: Routes.userGuilds(), query, signal })
    .catch(() => undefined);
  signal.throwIfAborted();
  const { data: known } = guildsSchema.safeParse(told?.json);
  if (known === undefined) return [{ ok: true, sentence: untold }];
  const guilds = known.map(({ permissions, ...guild }) => ({
    ...guild,
    lacking: lackingOf(BigInt(permissions), used),
  }));
  if (guilds.length === 0) return [{ ok: true, sentence: 'The bot is in no server yet.' }];
  const faulty = guilds.filter(({ lacking }) => lacking.length > 0);
  const more = faulty.length - maxNamed;
  return [
    ...(faulty.length > 0 ? [] : [{ ok: true, sentence: wellSentence(guilds.length, used) }]),
    ...faulty.slice(0, maxNamed).map(({ id, name, lacking }) => ({
      ok: false,
      sentence: `In the server ${name} (${id}) the bot lacks ${sayPermissions(lacking, 'en')}; give them to its role in the settings of the server.`,
    })),
    ...(more > 0 ? [{ ok: false, sentence: `So it is in ${more} more servers.` }] : []),
  ];
}

const untold = 'Discord does not say which permissions the bot has in its servers.';

function wellSentence(count: number, used: readonly NeededPermission[]): string {
  const servers = count === 1 ? 'the server' : `the ${count} servers`;
  return `In ${servers} that it is in the bot has the permissions that it uses, where no channel says otherwise: ${sayPermissions(used, 'en')}.`;
}

function lackingOf(held: bigint, used: readonly NeededPermission[]): NeededPermission[] {
  if ((held & PermissionFlagsBits.Administrator) !== 0n) return [];
  return used.filter((permission) => (held & permissionBits[permission]) === 0n);
}
