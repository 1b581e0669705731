import { WebClient, type WebClientOptions } from '@slack/web-api';
import { BoundedMap, unlessAborted } from '@vistazo/core/adapter-kit';
import { QuietLogger } from './connection/quiet-logger.js';
import type { OperatorNotices } from './operator-notices.js';
import { platformError } from './slack-errors.js';

/** One call of the Web API. */
export interface SlackCall {
  /** The team whose token is sent. */
  tenant: string;
  /** Such as `chat.postMessage`, see https://docs.slack.dev/reference/methods. */
  method: string;
  args?: Record<string, unknown>;
  signal?: AbortSignal;
}

/** What {@link SlackApi} needs. */
export interface SlackApiOptions {
  /** The bot token of a team. Throws `platform.gone` where there is none. */
  tokenOf: (tenant: string) => Promise<string>;
  clientOptions: Pick<WebClientOptions, 'slackApiUrl' | 'fetch'>;
  notify: (sentence: string) => void;
  /** Told what went wrong with calls. */
  notices?: OperatorNotices;
}

const maxClients = 1000;
const callTimeoutMs = 30_000;

/** The bot's calls to Slack. None is tried again here: who calls knows whether it may be. */
export class SlackApi {
  readonly #clients = new BoundedMap<string, WebClient>(maxClients);

  constructor(private readonly options: SlackApiOptions) {}

  /** Throws `platform.gone`, `platform.refused`, `platform.failed`, and the reason of the signal. */
  async call({ tenant, method, args, signal }: SlackCall): Promise<unknown> {
    signal?.throwIfAborted();
    try {
      const client = this.#clientOf(await this.options.tokenOf(tenant));
      return await unlessAborted(client.apiCall(method, args), signal);
    } catch (error) {
      signal?.throwIfAborted();
      const failure = platformError(error);
      this.options.notices?.failed(tenant, failure);
      throw failure;
    }
  }

  #clientOf(token: string): WebClient {
    const known = this.#clients.get(token);
    if (known !== undefined) return known;
    const client = new WebClient(token, {
      ...clientOptions,
      ...this.options.clientOptions,
      logger: new QuietLogger(this.options.notify),
    });
    this.#clients.set(token, client);
    return client;
  }
}

const clientOptions = {
  retryConfig: { retries: 0 },
  rejectRateLimitedCalls: true,
  timeout: callTimeoutMs,
  allowAbsoluteUrls: false,
} satisfies WebClientOptions;
