import { z } from 'zod';
import { type Answer, type Method, method, Refusal } from './methods.ts';
import type { Workspace } from './workspace.ts';

/** What the app's methods need of the rest. */
export interface AppMethodsOptions {
  readonly appToken: string;
  /** Gives the address of a connection for Socket Mode. */
  readonly issueSocketUrl: () => string;
}

/** Of `auth.*`, `apps.*`. */
export function appMethods(
  world: Workspace,
  { appToken, issueSocketUrl }: AppMethodsOptions,
): Record<string, Method> {
  return {
    'auth.test': method(z.object({}), [], (_, { teamId, botUserId, botId }) => ({
      url: 'https://fake.example/',
      team: world.teams.get(teamId)?.name,
      user: 'vistazo',
      team_id: teamId,
      user_id: botUserId,
      bot_id: botId,
      is_enterprise_install: false,
    })),

    'apps.connections.open': method(z.object({ token: z.string().optional() }), [], ({ token }) => {
      if (token === undefined) throw new Refusal('not_authed');
      if (token.startsWith('xoxb-')) throw new Refusal('not_allowed_token_type');
      if (token !== appToken) throw new Refusal('invalid_auth');
      return { url: issueSocketUrl() };
    }),

    'auth.revoke': method(z.object({ test: z.unknown().optional() }), [], (_, caller) => {
      caller.state = 'token_revoked';
      tellRevoked(world, caller.teamId, caller.botUserId);
      return { revoked: true };
    }),

    'apps.uninstall': method(
      z.object({ client_id: z.string(), client_secret: z.string() }),
      [],
      (_, caller): Answer => {
        uninstall(world, caller.teamId);
        return {};
      },
    ),
  };
}

/** Somebody takes the app out of a workspace: Slack tells of it in both ways, in no certain order. */
export function uninstall(world: Workspace, teamId: string): void {
  const installation = world.installationOf(teamId);
  installation.state = 'account_inactive';
  tellRevoked(world, teamId, installation.botUserId);
  world.tell(teamId, { type: 'app_uninstalled' });
}

function tellRevoked(world: Workspace, teamId: string, botUserId: string): void {
  world.tell(teamId, { type: 'tokens_revoked', tokens: { oauth: [], bot: [botUserId] } });
}
