import { VistazoError } from '@vistazo/core';
import { Routes } from 'discord.js';
import { z } from 'zod';
import type { DiscordApi } from './discord-api.js';
import { isSnowflake } from './place.js';

/** What Discord says to a shard when a session of it begins: which servers the bot is in, those too that cannot be reached now. */
export const readySchema = z.object({ guilds: z.array(z.object({ id: z.string() })) });

/** In which servers the bot is, of those that some shards are told of. */
export interface PresentGuilds {
  guildIds: readonly string[];
  shardIds: readonly number[];
  /** Of all shards there are. */
  shardCount: number;
}

/**
 * Of the tenants, the servers that took the bot out, as far as these shards would be told of them. A person's
 * direct messages are no server.
 */
export async function leftGuilds(
  tenants: readonly string[],
  { guildIds, shardIds, shardCount }: PresentGuilds,
  api: DiscordApi,
  signal: AbortSignal,
): Promise<string[]> {
  const present = new Set(guildIds);
  const absent = tenants.filter(
    (id) =>
      isSnowflake(id) &&
      !present.has(id) &&
      // https://discord.com/developers/docs/events/gateway#sharding
      shardIds.includes(Number((BigInt(id) >> 22n) % BigInt(shardCount))),
  );
  const left: string[] = [];
  // What is forgotten cannot be brought back, so that Discord is asked.
  for (const id of absent) if (await isOut(api, id, signal)) left.push(id);
  return left;
}

async function isOut(api: DiscordApi, guildId: string, signal: AbortSignal): Promise<boolean> {
  try {
    await api.call({ method: 'Get', route: Routes.guild(guildId), signal });
    return false;
  } catch (error) {
    if (error instanceof VistazoError && error.code === 'platform.gone') return true;
    throw error;
  }
}
