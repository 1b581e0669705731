import {
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebClient,
  type WebClientOptions,
} from '@slack/web-api';
import type { AdapterFinding } from '@vistazo/core';
import { unlessAborted } from '@vistazo/core/adapter-kit';
import { z } from 'zod';
import { QuietLogger } from './connection/quiet-logger.js';
import { requiredAppScope, requiredScopes, type SlackFeatures } from './manifest/scopes.js';

/** What {@link checkSetup} looks at. */
export interface SetupToCheck {
  /** Undefined where several workspaces install the app. */
  botToken?: string | undefined;
  /** Undefined where Slack sends events over HTTP. */
  appToken?: string | undefined;
  /** Undefined in Socket Mode. */
  signingSecret?: string | undefined;
  features: SlackFeatures;
  /** Where people install the app, where several workspaces do. */
  installUrl?: string | undefined;
  /** Where Slack is, for stand-ins. Default: that of `@slack/web-api`. */
  slackApiUrl?: string | undefined;
}

const callTimeoutMs = 20_000;
const apps = 'https://api.slack.com/apps';

const identitySchema = z.object({
  team: z.string().default(''),
  team_id: z.string(),
  user: z.string().default(''),
  bot_id: z.string().optional(),
  response_metadata: z.object({ scopes: z.array(z.string()).optional() }).optional(),
});

/** Asks Slack, without connecting to it, what it thinks of the bot as the options describe it. */
export async function checkSetup(
  setup: SetupToCheck,
  signal: AbortSignal,
): Promise<AdapterFinding[]> {
  const found = await Promise.all([
    setup.botToken === undefined
      ? installFinding(setup.installUrl)
      : botFindings(setup.botToken, setup, signal),
    setup.appToken === undefined ? [] : appFindings(setup.appToken, setup, signal),
    setup.signingSecret === undefined ? [] : [secretFinding(setup.signingSecret)],
  ]);
  return found.flat();
}

function installFinding(installUrl: string | undefined): AdapterFinding[] {
  return installUrl === undefined
    ? []
    : [{ ok: true, sentence: `Workspaces install the bot at ${installUrl}` }];
}

async function botFindings(
  token: string,
  setup: SetupToCheck,
  signal: AbortSignal,
): Promise<AdapterFinding[]> {
  const answer = await called('auth.test', token, setup, signal);
  if ('fault' in answer) return [{ ok: false, sentence: botSentence(answer.fault) }];
  const { team, team_id, user, bot_id, response_metadata } = identitySchema.parse(answer.json);
  if (bot_id === undefined)
    return [
      {
        ok: false,
        sentence: `The botToken is that of a person; copy the Bot User OAuth Token (xoxb-…) from the page OAuth & Permissions of your app at ${apps}.`,
      },
    ];
  return [
    {
      ok: true,
      sentence: `The botToken is that of ${user} in the workspace ${team} (${team_id}).`,
    },
    ...scopeFindings(response_metadata?.scopes, setup.features),
  ];
}

/** From the header `x-oauth-scopes` of an answer. */
function scopeFindings(
  scopes: readonly string[] | undefined,
  features: SlackFeatures,
): AdapterFinding[] {
  if (scopes === undefined)
    return [{ ok: true, sentence: 'Slack does not say which scopes the botToken has.' }];
  const required = requiredScopes(features);
  const lacking = required.filter(({ scope }) => !scopes.includes(scope));
  const unused = scopes.filter((scope) => required.every((each) => each.scope !== scope));
  return [
    ...lacking.map(({ scope, why }) => ({
      ok: false,
      sentence: `The botToken lacks the scope ${scope}, which is needed ${why}; add it on the page OAuth & Permissions of your app at ${apps}, and install the app anew.`,
    })),
    ...(lacking.length === 0
      ? [{ ok: true, sentence: 'The botToken has the scopes that the bot uses.' }]
      : []),
    ...(unused.length === 0
      ? []
      : [
          {
            ok: true,
            sentence: `The botToken has scopes that the bot does not use: ${unused.join(', ')}.`,
          },
        ]),
  ];
}

async function appFindings(
  token: string,
  setup: SetupToCheck,
  signal: AbortSignal,
): Promise<AdapterFinding[]> {
  // It gives an address to connect to, which is good for a moment; nothing connects.
  const answer = await called('apps.connections.open', token, setup, signal);
  return 'fault' in answer
    ? [{ ok: false, sentence: appSentence(answer.fault) }]
    : [{ ok: true, sentence: 'The appToken can connect by Socket Mode.' }];
}

function secretFinding(secret: string): AdapterFinding {
  return /^[0-9a-f]{32}$/.test(secret)
    ? {
        ok: true,
        sentence:
          'The signingSecret has the form of one; whether it is right, the first request shows.',
      }
    : {
        ok: false,
        sentence: `The signingSecret is none, which has 32 digits 0-9 and a-f; copy it from the page Basic Information of your app at ${apps}.`,
      };
}

/** Slack's code, such as `invalid_auth`, or a sentence where Slack did not answer. */
type Fault = { code: string } | { sentence: string };

async function called(
  method: string,
  token: string,
  { slackApiUrl }: SetupToCheck,
  signal: AbortSignal,
): Promise<{ json: unknown } | { fault: Fault }> {
  signal.throwIfAborted();
  const options: WebClientOptions = {
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: callTimeoutMs,
    logger: new QuietLogger(() => {}),
    ...(slackApiUrl !== undefined && { slackApiUrl }),
  };
  try {
    return { json: await unlessAborted(new WebClient(token, options).apiCall(method), signal) };
  } catch (error) {
    signal.throwIfAborted();
    return { fault: faultOf(error) };
  }
}

function faultOf(error: unknown): Fault {
  if (error instanceof WebAPIPlatformError) return { code: error.data.error };
  if (error instanceof WebAPIRateLimitedError)
    return { sentence: `Slack asks to wait ${error.retryAfter} s before it is asked again.` };
  if (error instanceof WebAPIHTTPError)
    return { sentence: `Slack answered ${error.statusCode}; try again later.` };
  return { sentence: 'Slack could not be reached; check the network.' };
}

const revoked = ['token_revoked', 'token_expired', 'account_inactive'];
const refused = ['invalid_auth', 'not_authed', 'not_allowed_token_type'];

function botSentence(fault: Fault): string {
  if ('sentence' in fault) return fault.sentence;
  if (revoked.includes(fault.code))
    return `The botToken is not valid any more (${fault.code}): the app was taken out of the workspace, or the token revoked; install the app anew on the page OAuth & Permissions at ${apps}.`;
  if (refused.includes(fault.code))
    return `Slack refuses the botToken (${fault.code}); copy the Bot User OAuth Token (xoxb-…) from the page OAuth & Permissions of your app at ${apps}.`;
  return `Slack refused to say whose the botToken is (${fault.code}).`;
}

function appSentence(fault: Fault): string {
  if ('sentence' in fault) return fault.sentence;
  const { scope, why } = requiredAppScope;
  if (fault.code === 'missing_scope')
    return `The appToken lacks the scope ${scope}, which is needed ${why}; make a token with it on the page Basic Information of your app at ${apps}.`;
  if ([...revoked, ...refused].includes(fault.code))
    return `Slack refuses the appToken (${fault.code}); make an App-Level Token (xapp-…) with the scope ${scope} on the page Basic Information of your app at ${apps}.`;
  return `Slack does not open a connection (${fault.code}); turn Socket Mode on for your app at ${apps}.`;
}
