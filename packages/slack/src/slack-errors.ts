import { ErrorCode, type WebAPICallError } from '@slack/web-api';
import { VistazoError } from '@vistazo/core';
import { isRefusedForGood } from '@vistazo/core/adapter-kit';

/** What Slack says when nothing can be posted in a place any more, and the mend. */
const goneSentences: Readonly<Record<string, string>> = {
  account_inactive:
    'The app was taken out of the workspace, or its token was revoked; install it again.',
  cant_delete_message: 'The message cannot be deleted.',
  cant_update_message: 'The message cannot be changed any more.',
  cannot_reply_to_message: 'Slack takes no replies to that message.',
  channel_not_found: 'The channel was deleted, or the bot is not in it; invite the bot.',
  channel_type_not_supported: 'The bot cannot write in a channel of this kind.',
  edit_window_closed: 'The message cannot be changed any more.',
  invalid_auth:
    'Slack refuses the token; copy it anew from the page OAuth & Permissions of your app.',
  is_archived: 'The channel was archived.',
  message_not_found: 'The message was deleted.',
  no_permission: 'The workspace does not let the bot write there.',
  not_authed: 'Slack was given no token; copy it from the page OAuth & Permissions of your app.',
  not_in_channel: 'The bot is not in the channel; invite it there.',
  restricted_action: 'The workspace does not let the bot write there.',
  restricted_action_read_only_channel: 'The channel is read-only for the bot.',
  restricted_action_thread_locked: 'The thread is locked.',
  restricted_action_thread_only_channel: 'The channel takes replies in threads only.',
  thread_not_found: 'The thread was deleted.',
  token_expired: 'The token has expired; install the app again.',
  token_revoked: 'The token was revoked; install the app again.',
  user_not_found: 'Slack does not know that person.',
};

/** What Slack answered to a call that may go well later, though Slack names no error. */
class SlackRefusal extends Error {
  override readonly name = 'SlackRefusal';
  /** When it may be tried again, where Slack said so. */
  readonly retryAfterMs?: number;

  constructor(message: string, { retryAfterMs, cause }: { retryAfterMs?: number; cause: unknown }) {
    super(message, { cause });
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs;
  }
}

/** Slack's name of an error, such as `channel_not_found`; undefined for what is none of its errors. */
export function slackCodeOf(error: unknown): string | undefined {
  const found = error instanceof VistazoError ? rootOf(error.cause) : error;
  return isCallError(found) && found.code === ErrorCode.PlatformError
    ? found.data.error
    : undefined;
}

/** What Slack says where there is no such message any more. */
const goneMessageCodes: readonly (string | undefined)[] = ['thread_not_found', 'message_not_found'];

/** Whether a message, or the thread that was begun of it, is not there any more. */
export function isMessageGone(error: unknown): boolean {
  return goneMessageCodes.includes(slackCodeOf(error));
}

/** How long Slack wants a call to wait; undefined where it did not ask for that. */
export function retryAfterMsOf(error: unknown): number | undefined {
  const found = error instanceof VistazoError ? error.cause : error;
  return found instanceof SlackRefusal ? found.retryAfterMs : undefined;
}

/** Slack says these where part of what was asked may be done. */
const vagueCodes: readonly string[] = [
  'fatal_error',
  'internal_error',
  'request_timeout',
  'service_unavailable',
];

/** What may go well later, though Slack refuses it now. */
const temporaryCodes: readonly string[] = [
  ...vagueCodes,
  'accesslimited',
  'external_channel_migrating',
  'message_not_in_streaming_state',
  'org_login_required',
  'rate_limited',
  'ratelimited',
  'streaming_state_conflict',
  'team_added_to_org',
];

/** Whether Slack did nothing of what was asked. Where it did not answer, or only that it failed, it may have done it. */
export function isSurelyRefused(error: unknown): boolean {
  const code = slackCodeOf(error);
  return code === undefined ? retryAfterMsOf(error) !== undefined : !vagueCodes.includes(code);
}

/** The scope that a call would have needed; undefined where it failed for another reason. */
export function missingScopeOf(error: unknown): string | undefined {
  const found = error instanceof VistazoError ? rootOf(error.cause) : error;
  if (!isCallError(found) || found.code !== ErrorCode.PlatformError) return undefined;
  const { error: code, needed } = { needed: '', ...found.data };
  return code === 'missing_scope' ? String(needed) : undefined;
}

/**
 * An error of a call as adapters throw it: `platform.gone` where nothing goes there, `platform.refused` where this
 * call never goes well, `platform.failed` with the time to wait, if Slack named one, where it may.
 */
export function platformError(error: unknown): VistazoError {
  if (error instanceof VistazoError) return error;
  if (!isCallError(error)) return failed('Slack could not be reached; check the network.', error);
  if (error.code === ErrorCode.RateLimitedError) {
    const retryAfterMs = error.retryAfter * 1000;
    const cause = new SlackRefusal('Slack answered 429.', { retryAfterMs, cause: error });
    return failed('Slack asks to wait before it takes another call.', cause);
  }
  if (error.code === ErrorCode.HTTPError)
    return isRefusedForGood(error.statusCode)
      ? refused(`Slack refused a call for good with status ${error.statusCode}.`, error)
      : failed(`Slack answered ${error.statusCode}.`, error);
  if (error.code === ErrorCode.PlatformError) return refusalOf(error.data.error, error);
  return failed('Slack could not be reached; check the network.', error);
}

function refusalOf(code: string, cause: unknown): VistazoError {
  const scope = missingScopeOf(cause);
  if (scope !== undefined)
    return gone(
      `The app lacks the scope ${scope}; add it on the page OAuth & Permissions of your app and install it again.`,
      cause,
    );
  const sentence = goneSentences[code];
  if (sentence !== undefined) return gone(sentence, cause);
  return temporaryCodes.includes(code)
    ? failed(`Slack refused a call: ${code}.`, cause)
    : refused(`Slack refused a call for good: ${code}.`, cause);
}

function refused(message: string, cause: unknown): VistazoError {
  return new VistazoError('platform.refused', message, { cause });
}

function gone(message: string, cause: unknown): VistazoError {
  return new VistazoError('platform.gone', message, { cause });
}

function failed(message: string, cause: unknown): VistazoError {
  return new VistazoError('platform.failed', message, { cause });
}

function rootOf(error: unknown): unknown {
  return error instanceof SlackRefusal ? error.cause : error;
}

const codes: readonly unknown[] = [
  ErrorCode.PlatformError,
  ErrorCode.RequestError,
  ErrorCode.HTTPError,
  ErrorCode.RateLimitedError,
];

function isCallError(error: unknown): error is WebAPICallError {
  return error instanceof Error && 'code' in error && codes.includes(error.code);
}
