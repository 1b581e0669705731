import type { IncomingMessage, ServerResponse } from 'node:http';
import { type App, HTTPReceiver, type Receiver } from '@slack/bolt';
import { failedEvent } from './event-outcome.js';
import { type HttpRoute, HttpServer, type HttpServerOptions, refuse } from './http-server.js';
import { QuietLogger } from './quiet-logger.js';
import { QuietNotices } from './quiet-notices.js';

/** Options of {@link HttpReceiver}. */
export interface HttpReceiverOptions extends Omit<HttpServerOptions, 'routes'> {
  /** Of the page Basic Information of the app. */
  signingSecret: string;
  /** Where Slack sends events, commands and interactions. Default `/slack/events`. */
  path?: string | undefined;
  /** Default 1 MiB; Slack's requests are far smaller. */
  maxBodyBytes?: number | undefined;
  /** Other addresses on the same server. Default none. */
  routes?: readonly HttpRoute[];
  /** Told in one sentence what an operator should know. */
  notify: (sentence: string) => void;
}

/** How far the clock of Slack may be before ours. */
const maxFutureMs = 60_000;

/**
 * Slack's requests for Bolt's `App`, whose signatures Bolt checks: at most 5 minutes old, and, which Bolt does not
 * look at, at most a minute in the future. They are answered when the app processed them; with 500 where an
 * event could not be stored, so that Slack sends it again.
 */
export class HttpReceiver implements Receiver {
  readonly server: HttpServer;
  readonly #bolt: HTTPReceiver;
  readonly #maxBodyBytes: number;

  constructor(options: HttpReceiverOptions) {
    const { signingSecret, path = '/slack/events', routes = [], notify } = options;
    const notices = new QuietNotices(notify);
    this.#maxBodyBytes = options.maxBodyBytes ?? 2 ** 20;
    this.#bolt = new HTTPReceiver({
      signingSecret,
      endpoints: path,
      processBeforeResponse: true,
      bodyLimit: this.#maxBodyBytes,
      logger: new QuietLogger(notify),
      processEventErrorHandler: async ({ error, response }) => {
        const { isFinal, sentence } = failedEvent(error);
        notices.tell(sentence);
        if (response.headersSent) return true;
        if (isFinal) response.writeHead(200).end();
        else refuse(response, 500);
        return true;
      },
      // Nobody listens for it, or its listener takes longer than people are made to wait.
      unhandledRequestHandler: ({ response }) => {
        if (!response.headersSent) refuse(response, 404);
      },
    });
    const events: HttpRoute = {
      method: 'POST',
      path,
      handle: (request, response) => this.#receive(request, response),
    };
    this.server = new HttpServer({ ...options, routes: [events, ...routes] });
  }

  /** Whether Slack can deliver events now, as far as can be seen from here. */
  get isConnected(): boolean {
    return this.server.isListening;
  }

  init(app: App): void {
    this.#bolt.init(app);
  }

  /** Throws `server.failed`. */
  start(): Promise<void> {
    return this.server.start();
  }

  stop(): Promise<void> {
    return this.server.stop();
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const { 'x-slack-request-timestamp': timestamp, 'content-length': length } = request.headers;
    if (!isPossibleTime(timestamp)) refuse(response, 401);
    else if (Number(length ?? 0) > this.#maxBodyBytes) refuse(response, 413);
    else this.#bolt.requestListener(request, response);
  }
}

/** Bolt refuses what is too old. */
function isPossibleTime(timestamp: string | string[] | undefined): boolean {
  return (
    typeof timestamp === 'string' &&
    /^\d{1,12}$/.test(timestamp) &&
    Number(timestamp) * 1000 <= Date.now() + maxFutureMs
  );
}
