import { Seldom } from '@vistazo/core/adapter-kit';
import { missingScopeOf, slackCodeOf } from './slack-errors.js';

/** Nobody is told the same again within an hour. */
const silenceMs = 3_600_000;

/** Without them nothing goes well in a team. */
const tokenRefusals: Readonly<Record<string, string>> = {
  account_inactive: 'the app was taken out of it, or its token was revoked',
  invalid_auth: 'Slack refuses the token',
  not_authed: 'Slack was given no token',
  token_expired: 'the token has expired',
  token_revoked: 'the token was revoked',
};

/** Tells an operator what only they can mend: scopes that are lacking, and tokens that are refused. */
export class OperatorNotices {
  readonly #seldom = new Seldom(silenceMs);

  constructor(private readonly notify: (sentence: string) => void) {}

  /** A call failed in a team; for an error that says something else it does nothing. */
  failed(team: string, error: unknown): void {
    const scope = missingScopeOf(error);
    if (scope !== undefined) this.lacksScope(team, scope);
    const code = slackCodeOf(error) ?? '';
    const refusal = tokenRefusals[code];
    if (refusal === undefined || team === '') return;
    this.#tell(
      `${team} ${code}`,
      `In the Slack team ${team} the bot can do nothing any more: ${refusal} (${code}). Install the app again, and give the bot the token from the page OAuth & Permissions of your app.`,
    );
  }

  /** The bot may not do something in a team; `seen` says how that was noticed. */
  lacksScope(team: string, scope: string, seen = ''): void {
    this.#tell(
      `${team} ${scope}`,
      `In the Slack team ${team} the bot lacks the scope ${scope}${seen && ` (${seen})`}: add it on the page OAuth & Permissions of your app, and install it again.`,
    );
  }

  #tell(key: string, sentence: string): void {
    if (this.#seldom.isDue(key)) this.notify(sentence);
  }
}
