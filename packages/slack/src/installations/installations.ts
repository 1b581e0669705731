import { AuthorizationError, type InstallationQuery, InstallProvider } from '@slack/oauth';
import { type AdapterHost, VistazoError } from '@vistazo/core';
import { BoundedMap, InOrder } from '@vistazo/core/adapter-kit';
import type { HttpRoute } from '../connection/http-server.js';
import { QuietLogger } from '../connection/quiet-logger.js';
import { type InstallationPlace, InstallationRecords } from './installation-records.js';
import { type EncryptionOptions, SealedValues } from './sealed-values.js';

/** Of an app that several workspaces install. */
export interface InstallationOptions extends EncryptionOptions {
  /** Of the page Basic Information of the app, as the next one. */
  clientId: string;
  clientSecret: string;
  /** Where browsers reach the bot, such as `https://bot.example.com`; TLS is for a proxy to speak. */
  publicUrl: string;
  /** Default `/slack/install`. */
  installPath?: string | undefined;
  /** Default `/slack/oauth_redirect`. */
  redirectPath?: string | undefined;
}

/** What {@link Installations} works with. */
export interface InstallationParts {
  /** Name of the adapter. */
  adapter: string;
  storage: AdapterHost['storage'];
  /** Those that people are asked for. */
  scopes: readonly string[];
  /** Told in one sentence what an operator should know. */
  notify: (sentence: string) => void;
  /** Where Slack is, for stand-ins. Default: that of `@slack/web-api`. */
  slackApiUrl?: string;
}

/** As whom the bot acts in a workspace. */
export interface BotIdentity {
  botToken: string;
  botId?: string;
  botUserId?: string;
  teamId?: string;
  enterpriseId?: string;
}

const defaultInstallPath = '/slack/install';

/** Where people begin to install the app. Throws `option.invalid`. */
export function installUrlOf({
  publicUrl,
  installPath = defaultInstallPath,
}: Pick<InstallationOptions, 'publicUrl' | 'installPath'>): string {
  return addressAt(publicUrl, installPath);
}

/** How long a process goes by what it read; another one may have renewed or removed it. */
const keptForMs = 60_000;
const maxKept = 10_000;
const apiTimeoutMs = 10_000;

/** The workspaces where the bot is installed: pages to install it with, and its tokens, renewed before they run out. */
export class Installations {
  readonly #provider: InstallProvider;
  readonly #records: InstallationRecords;
  #known = new BoundedMap<string, { identity: BotIdentity; untilMs: number }>(maxKept);
  readonly #inOrder = new InOrder();
  readonly #installPath: string;
  readonly #redirectPath: string;
  readonly #redirectUrl: string;
  readonly #installUrl: string;

  /** Throws `option.invalid`. */
  constructor(
    options: InstallationOptions,
    private readonly parts: InstallationParts,
  ) {
    const sealed = new SealedValues(options);
    const { adapter, storage, notify, slackApiUrl } = parts;
    this.#installPath = options.installPath ?? defaultInstallPath;
    this.#redirectPath = options.redirectPath ?? '/slack/oauth_redirect';
    this.#installUrl = installUrlOf(options);
    this.#redirectUrl = addressAt(options.publicUrl, this.#redirectPath);
    this.#records = new InstallationRecords(adapter, storage, sealed, () => this.#forgetKnown());
    this.#provider = new InstallProvider({
      clientId: options.clientId,
      clientSecret: options.clientSecret,
      stateSecret: sealed.secretFor('state of installations'),
      installationStore: this.#records,
      directInstall: true,
      logger: new QuietLogger(notify),
      clientOptions: {
        retryConfig: { retries: 2 },
        rejectRateLimitedCalls: true,
        timeout: apiTimeoutMs,
        ...(slackApiUrl !== undefined && { slackApiUrl }),
      },
    });
  }

  /** To be served at {@link InstallationOptions.publicUrl}. */
  get routes(): HttpRoute[] {
    const installOptions = { scopes: [...this.parts.scopes], redirectUri: this.#redirectUrl };
    return [
      {
        method: 'GET',
        path: this.#installPath,
        handle: (request, response) =>
          this.#provider.handleInstallPath(request, response, {}, installOptions),
      },
      {
        method: 'GET',
        path: this.#redirectPath,
        handle: (request, response) => this.#provider.handleCallback(request, response),
      },
    ];
  }

  /**
   * As whom the bot acts in a place; for Bolt's `App`, and for calls. A token that runs out within two hours is
   * renewed. Throws `platform.gone` where it is not installed, and `store.failed`.
   */
  async authorize(place: InstallationPlace): Promise<BotIdentity> {
    const key = JSON.stringify([place.teamId, place.enterpriseId, place.isEnterpriseInstall]);
    const known = this.#known.get(key);
    if (known !== undefined && known.untilMs > performance.now()) return known.identity;
    const identity = await this.#find(place);
    this.#known.set(key, { identity, untilMs: performance.now() + keptForMs });
    return identity;
  }

  /** Throws as {@link authorize} does. */
  async tokenOf(teamId: string, enterpriseId?: string): Promise<string> {
    const { botToken } = await this.authorize({ teamId, enterpriseId });
    return botToken;
  }

  /**
   * Forgets the installation in a place that took the bot out. Gives the tenants that it was for, which the bot
   * is to forget: of an organisation its workspaces too. Throws `store.failed`.
   */
  async remove(place: InstallationPlace): Promise<string[]> {
    const tenants = await this.#locked(place, () => this.#records.remove(place));
    this.#forgetKnown();
    return tenants;
  }

  async #find({ teamId, isEnterpriseInstall = false, ...place }: InstallationPlace) {
    const enterpriseId =
      place.enterpriseId ??
      (teamId === undefined ? undefined : await this.#records.organisationOf(teamId));
    return this.#locked({ teamId, enterpriseId }, async () => {
      const identity = await this.#authorizeNow({ teamId, enterpriseId, isEnterpriseInstall });
      if (isEnterpriseInstall && teamId !== undefined && enterpriseId !== undefined)
        await this.#records.noteWorkspace(enterpriseId, teamId);
      return identity;
    });
  }

  async #authorizeNow(place: InstallationQuery<boolean>): Promise<BotIdentity> {
    try {
      const { botToken, botId, botUserId, teamId, enterpriseId } =
        await this.#provider.authorize(place);
      if (botToken === undefined) throw new VistazoError('internal', 'A record without a token.');
      return {
        botToken,
        ...(botId !== undefined && { botId }),
        ...(botUserId !== undefined && { botUserId }),
        ...(teamId !== undefined && { teamId }),
        ...(enterpriseId !== undefined && { enterpriseId }),
      };
    } catch (error) {
      const original = error instanceof AuthorizationError ? (error.original ?? error) : error;
      if (original instanceof VistazoError && original.code === 'platform.gone')
        throw this.#notInstalled(place);
      throw original;
    }
  }

  #notInstalled({ teamId, enterpriseId }: InstallationPlace): VistazoError {
    return new VistazoError(
      'platform.gone',
      `The bot is not installed in the workspace ${teamId ?? enterpriseId}; install it there at ${this.#installUrl}.`,
    );
  }

  /** One after the other in a place: a token to refresh with is good for once. */
  #locked<T>({ teamId, enterpriseId }: InstallationPlace, work: () => Promise<T>): Promise<T> {
    return this.#inOrder.result(enterpriseId ?? teamId ?? '', work);
  }

  #forgetKnown(): void {
    this.#known = new BoundedMap(maxKept);
  }
}

function addressAt(publicUrl: string, path: string): string {
  const url = URL.parse(publicUrl);
  if (url !== null && ['https:', 'http:'].includes(url.protocol)) return new URL(path, url).href;
  throw new VistazoError(
    'option.invalid',
    `The option publicUrl is ${JSON.stringify(publicUrl)}; it must be the address where browsers reach the bot, such as https://bot.example.com.`,
  );
}
