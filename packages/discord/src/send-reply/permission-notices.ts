import { RESTJSONErrorCodes, Routes } from 'discord.js';
import { z } from 'zod';
import { BoundedMap } from '../bounded-map.js';
import type { DiscordApi } from '../discord-api.js';
import { discordCodeOf } from '../discord-errors.js';
import { type Language, sayMayNotWrite } from '../language.js';
import { messageBody } from './message-body.js';

/** In one channel nobody is told again within an hour. */
const silenceMs = 3_600_000;
const maxChannels = 10_000;
const timeoutMs = 10_000;

const channelSchema = z.object({ id: z.string() });
const lackingCodes: readonly (number | undefined)[] = [
  RESTJSONErrorCodes.MissingAccess,
  RESTJSONErrorCodes.MissingPermissions,
];

/** Tells who asked, in a direct message, that the bot may not write where they asked, and who can mend that. */
export class PermissionNotices {
  readonly #toldAtMs = new BoundedMap<string, number>(maxChannels);

  constructor(private readonly api: DiscordApi) {}

  /** For an error that says something else it does nothing. */
  async tell(
    error: unknown,
    { channelId, askerId, language }: { channelId: string; askerId: string; language: Language },
  ): Promise<void> {
    if (!lackingCodes.includes(discordCodeOf(error))) return;
    const nowMs = Date.now();
    if (nowMs - (this.#toldAtMs.get(channelId) ?? 0) < silenceMs) return;
    this.#toldAtMs.set(channelId, nowMs);
    const signal = AbortSignal.timeout(timeoutMs);
    const opened = await this.api.call({
      method: 'Post',
      route: Routes.userChannels(),
      body: { recipient_id: askerId },
      signal,
    });
    const { id } = channelSchema.parse(opened.json);
    const body = messageBody(sayMayNotWrite(channelId, language), undefined);
    await this.api.call({ method: 'Post', route: Routes.channelMessages(id), body, signal });
  }
}
