import { VistazoError } from '@vistazo/core';
import { isRefusedForGood } from '@vistazo/core/adapter-kit';
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
  [RESTJSONErrorCodes.ThisInteractionHasHitTheMaximumNumberOfFollowUpMessages]:
    'Where only the person installed the bot, Discord takes no more than five further messages of an answer; set longAnswers: file.',
  [RESTJSONErrorCodes.ThreadLocked]: 'The thread is locked; unlock it.',
};

/** What Discord answered to a call that it did not take. */
class DiscordRefusal extends Error {
  override readonly name = 'DiscordRefusal';
  /** When it may be tried again, where Discord said so. */
  readonly retryAfterMs?: number;

  constructor(
    /** Of HTTP. */
    readonly status: number,
    { retryAfterMs, cause }: { retryAfterMs?: number; cause: unknown },
  ) {
    super(`Discord answered ${status}.`, { cause });
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs;
  }
}

/** Discord's code of an error, such as 10008; undefined for what is none of its errors. */
export function discordCodeOf(error: unknown): number | undefined {
  const cause = error instanceof VistazoError ? error.cause : error;
  const found = cause instanceof DiscordRefusal ? cause.cause : cause;
  return found instanceof DiscordAPIError && typeof found.code === 'number'
    ? found.code
    : undefined;
}

/** The status of HTTP that Discord refused a call with; undefined for other errors. */
export function refusedWith(error: VistazoError): number | undefined {
  return error.cause instanceof DiscordRefusal ? error.cause.status : undefined;
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

/**
 * An error of a call as adapters throw it: `platform.gone` where nothing goes there, `platform.refused` where this
 * call never goes well, `platform.failed` with the time to wait, if Discord named one, where it may.
 */
export function platformError(error: unknown): VistazoError {
  if (error instanceof RateLimitError) {
    const cause = new DiscordRefusal(429, { retryAfterMs: waitMsOf(error), cause: error });
    return failed('Discord asks to wait before it takes another call.', cause);
  }
  if (error instanceof DiscordAPIError) {
    const sentence = goneSentences[Number(error.code)];
    if (sentence !== undefined)
      return new VistazoError('platform.gone', sentence, { cause: error });
    const cause = new DiscordRefusal(error.status, { cause: error });
    // A token that Discord refuses says nothing of the call: the operator can give the bot another one.
    return error.status !== 401 && isRefusedForGood(error.status)
      ? new VistazoError('platform.refused', `Discord refused a call for good${coded(error)}.`, {
          cause,
        })
      : failed(`Discord refused a call${coded(error)}.`, cause);
  }
  if (error instanceof HTTPError) {
    const cause = new DiscordRefusal(error.status, { cause: error });
    return failed(`Discord answered ${error.status}.`, cause);
  }
  return failed('Discord could not be reached; check the network.', error);
}

function coded({ code, status }: DiscordAPIError): string {
  return typeof code === 'number' ? ` with code ${code}` : ` with status ${status}`;
}

function failed(message: string, cause: unknown): VistazoError {
  return new VistazoError('platform.failed', message, { cause });
}
