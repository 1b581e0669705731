import { VistazoError } from '@vistazo/core';
import { z } from 'zod';
import { SlackApi } from '../slack-api.js';
import type { BotIdentity } from './installations.js';

/** What {@link OneWorkspace} needs. */
export interface OneWorkspaceOptions {
  botToken: string;
  notify: (sentence: string) => void;
  /** Where Slack is, for stand-ins. Default: that of `@slack/web-api`. */
  slackApiUrl?: string;
}

const identitySchema = z.object({
  team_id: z.string(),
  user_id: z.string(),
  bot_id: z.string().optional(),
});

/** The one workspace that a token is of. */
export class OneWorkspace {
  private constructor(private readonly identity: BotIdentity) {}

  /** Asks Slack whose the token is. Throws `option.invalid` where it refuses it, and `platform.failed`. */
  static async of({ botToken, ...options }: OneWorkspaceOptions): Promise<OneWorkspace> {
    const { notify, slackApiUrl } = options;
    const clientOptions = slackApiUrl === undefined ? {} : { slackApiUrl };
    const api = new SlackApi({ tokenOf: async () => botToken, clientOptions, notify });
    const answer = await api.call({ tenant: '', method: 'auth.test' }).catch((error: unknown) => {
      const isFinal = error instanceof VistazoError && error.code === 'platform.gone';
      throw isFinal ? new VistazoError('option.invalid', error.message, { cause: error }) : error;
    });
    const { team_id: teamId, user_id: botUserId, bot_id: botId } = identitySchema.parse(answer);
    const identity = { botToken, teamId, botUserId, ...(botId !== undefined && { botId }) };
    return new OneWorkspace(identity);
  }

  /** The token is there until the operator takes it out. */
  async authorize(): Promise<BotIdentity> {
    return this.identity;
  }

  async tokenOf(): Promise<string> {
    return this.identity.botToken;
  }

  async remove({ teamId }: { teamId?: string | undefined }): Promise<string[]> {
    return teamId === undefined ? [] : [teamId];
  }
}
