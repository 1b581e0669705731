import type { App, Receiver } from '@slack/bolt';
import { SocketModeClient } from '@slack/socket-mode';
import { WebAPIPlatformError, type WebClientOptions } from '@slack/web-api';
import { VistazoError } from '@vistazo/core';
import { inTime, Lifetime, pause } from '@vistazo/core/adapter-kit';
import { z } from 'zod';
import { failedEvent } from './event-outcome.js';
import { QuietLogger } from './quiet-logger.js';
import { QuietNotices } from './quiet-notices.js';

/** Options of {@link SocketReceiver}. */
export interface SocketReceiverOptions {
  /** `xapp-…`, with the scope `connections:write`. */
  appToken: string;
  /** Told in one sentence what an operator should know. */
  notify: (sentence: string) => void;
  /** Where Slack is, for stand-ins. Default: that of `@slack/web-api`. */
  slackApiUrl?: string;
  /** It is connected again after a time without connection that was too long for Slack to send all again. */
  onBack?: (awaySinceMs: number) => void;
}

/** Slack sends an event again for longer than that. */
const longAwayMs = 60_000;
/** How long Slack may take to say where to connect to, and then to greet. */
const connectTimeoutMs = 15_000;
/** How long Slack may take to close its end. */
const closeTimeoutMs = 3000;
/** A connection that ends sooner counts as a failure. */
const shortConnectionMs = 5000;
const firstPauseMs = 500;
const longestPauseMs = 30_000;

const envelopeSchema = z.object({
  type: z.string(),
  body: z.record(z.string(), z.unknown()),
  ack: z.custom<(response?: unknown) => Promise<void>>((value) => typeof value === 'function'),
  retry_num: z.number().optional(),
  retry_reason: z.string().optional(),
});
type Envelope = z.output<typeof envelopeSchema>;

interface Connection {
  ended: Promise<void>;
}

/**
 * Socket Mode for Bolt's `App`, which acknowledges an event only after the app processed it: one that could not
 * be stored is not acknowledged, and Slack delivers it again. What people wait for (buttons, commands, dialogs)
 * is acknowledged when its listener says so. A connection that ends is made anew until `stop`.
 */
export class SocketReceiver implements Receiver {
  readonly #client: SocketModeClient;
  readonly #underWay = new Set<Promise<void>>();
  readonly #stopped = new AbortController();
  readonly #notices: QuietNotices;
  #app: App | undefined;
  #isConnected = false;
  #keeping: Promise<void> | undefined;

  constructor(private readonly options: SocketReceiverOptions) {
    const { appToken, notify, slackApiUrl } = options;
    const stopped = this.#stopped.signal;
    this.#notices = new QuietNotices(notify);
    const clientOptions: WebClientOptions = {
      // The library's own reconnecting ends the process when Slack answers with an error meanwhile.
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      timeout: connectTimeoutMs,
      fetch: (url, init) => {
        const signal = init?.signal == null ? stopped : AbortSignal.any([init.signal, stopped]);
        return fetch(url, { ...init, signal });
      },
      ...(slackApiUrl !== undefined && { slackApiUrl }),
    };
    this.#client = new SocketModeClient({
      appToken,
      logger: new QuietLogger(notify),
      autoReconnectEnabled: false,
      clientOptions,
    });
    this.#client.on('connected', () => {
      this.#isConnected = true;
    });
    this.#client.on('disconnected', () => {
      this.#isConnected = false;
    });
    this.#client.on('slack_event', (given: unknown) => this.#hear(given));
    this.#containFaults();
  }

  /** Whether Slack delivers events now. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  init(app: App): void {
    this.#app = app;
  }

  /**
   * Resolves when it is connected. Throws `option.invalid` where Slack refuses the token, and `platform.failed`
   * where it cannot be reached.
   */
  async start(): Promise<void> {
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    this.#client.once('disconnected', () => resolve());
    await this.#connect();
    this.#keeping = this.#keepConnected(ended);
  }

  /** Takes no more events; resolves when those under way are processed and acknowledged, and it is disconnected. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.all(this.#underWay);
    await this.#disconnect();
    await this.#keeping;
  }

  /** A message that the library does not understand would end the process. */
  #containFaults(): void {
    const listeners = this.#client.listeners('ws_message');
    this.#client.removeAllListeners('ws_message');
    for (const listener of listeners)
      this.#client.on('ws_message', async (...given: unknown[]) => {
        try {
          await Reflect.apply(listener, this.#client, given);
        } catch {
          this.#notices.tell('Slack sent something that is not understood.');
        }
      });
  }

  async #connect(): Promise<void> {
    try {
      if ((await inTime(this.#client.start(), connectTimeoutMs * 2)) !== 'late') return;
    } catch (error) {
      throw connectionError(error);
    }
    await this.#disconnect();
    throw new VistazoError(
      'platform.failed',
      'Slack did not take the bot in within half a minute; try again later.',
    );
  }

  async #keepConnected(firstEnd: Promise<void>): Promise<void> {
    const { signal } = this.#stopped;
    let failures = 0;
    for (let connection: Connection | undefined = { ended: firstEnd }; connection !== undefined; ) {
      const sinceMs = performance.now();
      await connection.ended;
      failures = performance.now() - sinceMs < shortConnectionMs ? failures + 1 : 0;
      connection = await this.#connectAgain(failures, signal);
    }
  }

  /** Connects, later and later after failures; gives undefined when it was stopped. */
  async #connectAgain(
    failuresBefore: number,
    signal: AbortSignal,
  ): Promise<Connection | undefined> {
    const away = new Lifetime(longAwayMs);
    let isTold = false;
    for (let failures = failuresBefore; !signal.aborted; failures++) {
      const pauseMs = failures === 0 ? 0 : firstPauseMs * 2 ** (failures - 1);
      await pause(Math.min(pauseMs, longestPauseMs), signal).catch(() => {});
      if (signal.aborted) return undefined;
      try {
        await this.#connect();
        if (!this.#isConnected) continue;
        if (isTold) this.options.notify('The bot is connected to Slack again.');
        if (away.isOver) this.options.onBack?.(Date.now() - away.ageMs);
        const { promise: ended, resolve } = Promise.withResolvers<void>();
        this.#client.once('disconnected', () => resolve());
        return { ended };
      } catch (error) {
        if (!isTold && !signal.aborted)
          this.options.notify(
            `The connection to Slack ended, and is tried again: ${connectionError(error).message}`,
          );
        isTold = true;
      }
    }
    return undefined;
  }

  async #disconnect(): Promise<void> {
    const ended = this.#client.disconnect();
    if ((await inTime(ended, closeTimeoutMs)) !== 'late') return;
    // A second one does not wait for Slack's end.
    await inTime(this.#client.disconnect(), closeTimeoutMs);
  }

  #hear(given: unknown): void {
    const parsed = envelopeSchema.safeParse(given);
    if (!parsed.success || this.#stopped.signal.aborted) return;
    const work = this.#process(parsed.data).finally(() => this.#underWay.delete(work));
    this.#underWay.add(work);
  }

  async #process({ type, body, ack, ...retry }: Envelope): Promise<void> {
    const isEvent = type === 'events_api';
    try {
      await this.#app?.processEvent({
        body,
        // Bolt itself acknowledges events before it looks at them.
        ack: async (response) => {
          if (!isEvent) await ack(response);
        },
        ...(retry.retry_num !== undefined && { retryNum: retry.retry_num }),
        ...(retry.retry_reason !== undefined && { retryReason: retry.retry_reason }),
      });
    } catch (error) {
      const { isFinal, sentence } = failedEvent(error);
      this.#notices.tell(sentence);
      if (!isFinal) return;
    }
    // Without a connection Slack delivers it again, and the store knows it.
    if (isEvent) await ack().catch(() => {});
  }
}

/** What Slack says of a token that will not be taken later either. */
const tokenRefusals: readonly string[] = [
  'invalid_auth',
  'not_authed',
  'account_inactive',
  'token_revoked',
  'token_expired',
  'not_allowed_token_type',
  'missing_scope',
  'no_permission',
  'team_disabled',
  'user_removed_from_team',
];

function connectionError(error: unknown): VistazoError {
  if (error instanceof VistazoError) return error;
  const code = error instanceof WebAPIPlatformError ? error.data.error : undefined;
  if (code !== undefined && tokenRefusals.includes(code))
    return new VistazoError(
      'option.invalid',
      `Slack refuses the appToken (${code}); make one with the scope connections:write on the page Basic Information of your app at https://api.slack.com/apps.`,
      { cause: error },
    );
  if (code !== undefined)
    return new VistazoError(
      'platform.failed',
      `Slack does not open a connection (${code}); is Socket Mode turned on for the app?`,
      { cause: error },
    );
  return new VistazoError('platform.failed', 'Slack could not be reached; check the network.', {
    cause: error,
  });
}
