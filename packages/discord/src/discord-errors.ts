import { VistazoError } from '@vistazo/core';
import {
  DiscordAPIError,
  HTTPError,
  type RateLimitData,
  RateLimitError,
  RESTJSONErrorCodes,
} from 'discord.js';

/** What Discord says when nothing can be posted in a place any more, and the mend. */
const goneSentences: Partial<Record<number, string>> = {
  [RESTJSONErrorCodes.UnknownChannel]: 'The channel was deleted.',
  [RESTJSONErrorCodes.UnknownGuild]: 'The bot is not in that server any more.',
  [RESTJSONErrorCodes.UnknownMessage]: 'The message was deleted.',
  [RESTJSONErrorCodes.MissingAccess]:
    'The bot does not see the channel; give it the permission View Channel there.',
  [RESTJSONErrorCodes.MissingPermissions]:
    'The bot may not write in the channel; give it the permissions Send Messages and, in threads, Send Messages in Threads.',
  [RESTJSONErrorCodes.CannotSendMessagesToThisUser]:
    'The person takes no direct messages from the bot.',
  [RESTJSONErrorCodes.UnknownWebhook]: 'The command is too old to be answered.',
  [RESTJSONErrorCodes.InvalidWebhookToken]: 'The command is too old to be answered.',
  [RESTJSONErrorCodes.UnknownInteraction]: 'The command is too old to be answered.',
  [RESTJSONErrorCodes.ThreadLocked]: 'The thread is locked; unlock it.',
};

/** A call of Discord's that may go well later. */
export class DiscordFailure extends Error {
  override readonly name = 'DiscordFailure';
  /** HTTP status, if there was an answer. */
  readonly status?: number;
  /** When it may be tried again, where Discord said so. */
  readonly retryAfterMs?: number;

  constructor(message: string, about: { status?: number; retryAfterMs?: number; cause: unknown }) {
    super(message, { cause: about.cause });
    if (about.status !== undefined) this.status = about.status;
    if (about.retryAfterMs !== undefined) this.retryAfterMs = about.retryAfterMs;
  }
}

/** Discord's code of an error, such as 10008; undefined for what is none of its errors. */
export function discordCodeOf(error: unknown): number | undefined {
  const found = error instanceof VistazoError ? error.cause : error;
  return found instanceof DiscordAPIError && typeof found.code === 'number'
    ? found.code
    : undefined;
}

/** Whether the message of a call is not there any more. */
export function isUnknownMessage(error: unknown): boolean {
  return discordCodeOf(error) === RESTJSONErrorCodes.UnknownMessage;
}

const expiredCodes: readonly (number | undefined)[] = [
  RESTJSONErrorCodes.UnknownWebhook,
  RESTJSONErrorCodes.InvalidWebhookToken,
  RESTJSONErrorCodes.UnknownInteraction,
];

/** Whether a command cannot be answered with its token any more. */
export function isTokenExpired(error: unknown): boolean {
  return expiredCodes.includes(discordCodeOf(error));
}

/** How long Discord wants a call to wait; some of its limits are told in other words than others. */
export function waitMsOf({ retryAfter, timeToReset, sublimitTimeout }: RateLimitData): number {
  return Math.max(0, retryAfter, timeToReset, sublimitTimeout);
}

/** An error of a call as adapters throw it: `platform.gone` where trying again is no use. */
export function platformError(error: unknown): unknown {
  if (error instanceof RateLimitError) {
    const retryAfterMs = waitMsOf(error);
    return new DiscordFailure('Discord asks to wait.', { status: 429, retryAfterMs, cause: error });
  }
  if (error instanceof DiscordAPIError) {
    const sentence = goneSentences[Number(error.code)];
    if (sentence !== undefined)
      return new VistazoError('platform.gone', sentence, { cause: error });
    return new DiscordFailure(`Discord refused a call with code ${error.code}.`, {
      status: error.status,
      cause: error,
    });
  }
  if (error instanceof HTTPError)
    return new DiscordFailure(`Discord answered ${error.status}.`, {
      status: error.status,
      cause: error,
    });
  return error;
}
