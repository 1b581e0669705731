import { z } from 'zod';
import { type Method, method, Refusal } from './methods.ts';
import type { Workspace } from './workspace.ts';

/** Installing the app in workspaces: a page that sends back with a code, and `oauth.v2.access`. */
export class OAuth {
  readonly clientId = '111.222';
  readonly clientSecret = 'not-slacks-client-secret';
  /** Who opens `/oauth/v2/authorize`, and whether they agree; undefined: the page answers 404. */
  visitor: { teamId: string; userId: string; denies?: boolean } | undefined;
  readonly #world: Workspace;
  readonly #codes = new Map<string, { teamId: string; userId: string; scopes: string[] }>();

  constructor(world: Workspace) {
    this.#world = world;
  }

  /** Where the visitor of `/oauth/v2/authorize?…` is sent back to; undefined where the app asked wrongly. */
  authorize(query: URLSearchParams): string | undefined {
    if (this.visitor === undefined) return undefined;
    const { teamId, userId, denies = false } = this.visitor;
    const redirectUri = query.get('redirect_uri');
    if (query.get('client_id') !== this.clientId || redirectUri === null) return undefined;
    const back = new URL(redirectUri);
    const state = query.get('state');
    if (state !== null) back.searchParams.set('state', state);
    if (denies) back.searchParams.set('error', 'access_denied');
    else {
      const code = this.#world.nextId('code-');
      const scopes = (query.get('scope') ?? '').split(',').filter((each) => each !== '');
      this.#codes.set(code, { teamId, userId, scopes });
      back.searchParams.set('code', code);
    }
    return back.href;
  }

  methods(): Record<string, Method> {
    return {
      'oauth.v2.access': method(
        z.object({
          code: z.string(),
          client_id: z.string().optional(),
          client_secret: z.string().optional(),
          redirect_uri: z.string().optional(),
          authorization: z.string().optional(),
        }),
        [],
        ({ code, client_id = '', client_secret = '', authorization = '' }) => {
          const basic = Buffer.from(authorization.replace('Basic ', ''), 'base64').toString();
          const [id, secret] = client_id === '' ? basic.split(':') : [client_id, client_secret];
          if (id !== this.clientId) throw new Refusal('invalid_client_id');
          if (secret !== this.clientSecret) throw new Refusal('bad_client_secret');
          const granted = this.#codes.get(code);
          if (granted === undefined) throw new Refusal('invalid_code');
          this.#codes.delete(code);
          const { teamId, userId, scopes } = granted;
          const installation = this.#world.install(teamId, scopes);
          return {
            app_id: this.#world.appId,
            authed_user: { id: userId },
            scope: scopes.join(','),
            token_type: 'bot',
            access_token: installation.botToken,
            bot_user_id: installation.botUserId,
            team: { id: teamId, name: this.#world.teams.get(teamId)?.name },
            enterprise: null,
            is_enterprise_install: false,
          };
        },
      ),
    };
  }
}
