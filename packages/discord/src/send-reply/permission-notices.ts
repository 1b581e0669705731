import { VistazoError } from '@vistazo/core';
import { type Language, Seldom } from '@vistazo/core/adapter-kit';
import { RESTJSONErrorCodes, Routes } from 'discord.js';
import type { DiscordApi } from '../discord-api.js';
import { discordCodeOf } from '../discord-errors.js';
import { sayMayNotWrite } from '../language.js';
import type { NeededPermission } from './channel-permissions.js';
import { directMessagesWith } from './direct-messages.js';
import { messageBody } from './message-body.js';

/** In one channel nobody is told again within an hour. */
const silenceMs = 3_600_000;
const timeoutMs = 10_000;

/** Tells who asked, in a direct message, that the bot may not write where they asked, and who can mend that. */
export class PermissionNotices {
  readonly #seldom = new Seldom(silenceMs);

  constructor(private readonly api: DiscordApi) {}

  /** For an error that says something else it does nothing. */
  async tell(
    error: unknown,
    { channelId, askerId, language }: { channelId: string; askerId: string; language: Language },
  ): Promise<void> {
    const lacking = lackingOf(error);
    if (lacking === undefined) return;
    if (!this.#seldom.isDue(channelId)) return;
    const signal = AbortSignal.timeout(timeoutMs);
    const id = await directMessagesWith(this.api, askerId, signal);
    const body = messageBody(
      { content: sayMayNotWrite(channelId, lacking, language), files: [] },
      undefined,
    );
    await this.api.call({ method: 'Post', route: Routes.channelMessages(id), body, signal });
  }
}

/** Nothing can be posted in a channel, as is known without trying. */
export class LackingPermissions extends Error {
  override readonly name = 'LackingPermissions';

  constructor(readonly lacking: readonly NeededPermission[]) {
    super(`The bot lacks ${lacking.join(', ')} in the channel.`);
  }
}

/** Where Discord said that something is lacking, it does not say what. */
function lackingOf(error: unknown): readonly NeededPermission[] | undefined {
  if (error instanceof VistazoError && error.cause instanceof LackingPermissions)
    return error.cause.lacking;
  const code = discordCodeOf(error);
  if (code === RESTJSONErrorCodes.MissingAccess) return ['viewChannel'];
  if (code === RESTJSONErrorCodes.MissingPermissions)
    return ['viewChannel', 'sendMessages', 'sendMessagesInThreads'];
  return undefined;
}
