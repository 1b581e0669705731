import { Routes } from 'discord.js';
import { z } from 'zod';
import type { DiscordApi } from '../discord-api.js';

const channelSchema = z.object({ id: z.string() });

/** The channel of the direct messages with a person. Throws what Discord fails with. */
export async function directMessagesWith(
  api: DiscordApi,
  personId: string,
  signal: AbortSignal,
): Promise<string> {
  const opened = await api.call({
    method: 'Post',
    route: Routes.userChannels(),
    body: { recipient_id: personId },
    signal,
  });
  return channelSchema.parse(opened.json).id;
}
