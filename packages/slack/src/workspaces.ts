import { type AdapterHost, VistazoError } from '@vistazo/core';
import { BoundedMap } from '@vistazo/core/adapter-kit';
import type { HttpRoute } from './connection/http-server.js';
import type { InstallationPlace } from './installations/installation-records.js';
import { type BotIdentity, Installations } from './installations/installations.js';
import { OneWorkspace } from './installations/one-workspace.js';
import { requiredScopes } from './manifest/scopes.js';
import type { EventPlace } from './slack-events.js';
import { type CheckedOptions, featuresOf } from './slack-options.js';

const maxWorkspaces = 10_000;

/** The workspaces where the bot is, whether one by its token or several that installed it. */
export class Workspaces {
  #found: Installations | OneWorkspace | undefined;
  #ownTeam: string | undefined;
  readonly #botUserIds = new BoundedMap<string, string>(maxWorkspaces);

  constructor(
    private readonly options: CheckedOptions,
    private readonly host: AdapterHost,
  ) {
    const { installation, name, notify, slackApiUrl } = options;
    if (installation === undefined) return;
    this.#found = new Installations(installation, {
      adapter: name,
      storage: (tenant) => host.storage(tenant),
      scopes: requiredScopes(featuresOf(options)).map(({ scope }) => scope),
      notify,
      ...(slackApiUrl !== undefined && { slackApiUrl }),
    });
  }

  /** What browsers of people who install the app ask for. */
  get routes(): HttpRoute[] {
    return this.#found instanceof Installations ? this.#found.routes : [];
  }

  /** Throws `option.invalid` where Slack refuses the token. */
  async open(): Promise<void> {
    const { botToken, notify, slackApiUrl } = this.options;
    if (botToken === undefined) return;
    const one = { botToken, notify, ...(slackApiUrl !== undefined && { slackApiUrl }) };
    this.#found = await OneWorkspace.of(one);
    this.#ownTeam = (await this.authorize({})).teamId;
  }

  /** The team of the bot's token; undefined where several install the bot. */
  get ownTeam(): string | undefined {
    return this.#ownTeam;
  }

  /** As whom the bot acts; for Bolt's `App`. Throws `platform.gone` where it is not installed, and `store.failed`. */
  async authorize(place: InstallationPlace): Promise<BotIdentity> {
    const identity = await this.#opened.authorize(place);
    const { teamId = place.teamId, botUserId } = identity;
    if (teamId !== undefined && botUserId !== undefined) this.#botUserIds.set(teamId, botUserId);
    return identity;
  }

  /** Throws as {@link authorize} does. */
  tokenOf(team: string): Promise<string> {
    return this.#opened.tokenOf(team);
  }

  /** As whom the bot is in a team; undefined where it is not any more. Throws `store.failed`. */
  async placeIn(team: string): Promise<EventPlace | undefined> {
    try {
      const place = { teamId: team, enterpriseId: undefined, isEnterpriseInstall: false };
      const { botUserId } = await this.authorize(place);
      return botUserId === undefined ? undefined : { team, botUserId };
    } catch (error) {
      if (error instanceof VistazoError && error.code === 'platform.gone') return undefined;
      throw error;
    }
  }

  /** The bot's user in a team, where it was heard of by now. */
  botUserIdIn(team: string): string | undefined {
    return this.#botUserIds.get(team);
  }

  /** A workspace, or an organisation, took the bot out: all that is theirs is forgotten. Throws `store.failed`. */
  async left(place: InstallationPlace): Promise<void> {
    for (const tenant of await this.#opened.remove(place)) await this.host.forget(tenant);
  }

  get #opened(): Installations | OneWorkspace {
    if (this.#found !== undefined) return this.#found;
    throw new Error('The workspaces are asked for before they are open.');
  }
}
