import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { VistazoError } from '@vistazo/core';
import { inTime } from '@vistazo/core/adapter-kit';

/** What is served at one address. */
export interface HttpRoute {
  method: 'GET' | 'POST';
  /** Such as `/slack/events`; without a query. */
  path: string;
  /** Answers; what it throws is answered with 500. */
  handle(request: IncomingMessage, response: ServerResponse): void | Promise<void>;
}

/** Options of {@link HttpServer}. */
export interface HttpServerOptions {
  /** Default `127.0.0.1`, for a proxy on the same machine that speaks TLS. */
  host?: string | undefined;
  /** Default 3000; 0 takes any that is free. */
  port?: number | undefined;
  routes: readonly HttpRoute[];
}

/** How long a request may take to come in as a whole, and its headers. */
const requestTimeoutMs = 30_000;
const headersTimeoutMs = 10_000;
/** How long what is under way may take when the server stops. */
const drainMs = 10_000;

/** Serves what Slack and the browsers of people who install the bot ask for, and nothing else. */
export class HttpServer {
  readonly #server: Server;
  readonly #underWay = new Set<Promise<void>>();
  #isStopping = false;

  constructor(private readonly options: HttpServerOptions) {
    this.#server = createServer({ requestTimeout: requestTimeoutMs }, (request, response) =>
      this.#serve(request, response),
    );
    this.#server.headersTimeout = headersTimeoutMs;
  }

  get isListening(): boolean {
    return this.#server.listening && !this.#isStopping;
  }

  /** Undefined while it does not listen. */
  get port(): number | undefined {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : undefined;
  }

  /** Throws `server.failed` when the port cannot be used. */
  async start(): Promise<void> {
    const { host = '127.0.0.1', port = 3000 } = this.options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const fail = (cause: Error) => reject(listenError(host, port, cause));
    this.#server.once('error', fail);
    this.#server.listen(port, host, resolve);
    await promise;
    this.#server.off('error', fail);
  }

  /** Takes no more requests, finishes those under way within 10 s, and ends all connections. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (!this.#server.listening) return;
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    await inTime(Promise.all(this.#underWay), drainMs);
    this.#server.closeAllConnections();
    await closed;
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const path = URL.parse(request.url ?? '', 'http://localhost')?.pathname;
    const routes = this.options.routes.filter((route) => route.path === path);
    const route = routes.find(({ method }) => method === request.method);
    if (this.#isStopping) refuse(response, 503);
    else if (routes.length === 0) refuse(response, 404);
    else if (route === undefined)
      refuse(response, 405, { allow: routes.map(({ method }) => method).join(', ') });
    else this.#answer(route, request, response);
  }

  #answer(route: HttpRoute, request: IncomingMessage, response: ServerResponse): void {
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    response.once('close', () => {
      this.#underWay.delete(ended);
      resolve();
    });
    this.#underWay.add(ended);
    void handled(route, request, response);
  }
}

async function handled(
  route: HttpRoute,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    await route.handle(request, response);
  } catch {
    if (response.headersSent) response.destroy();
    else refuse(response, 500);
  }
}

/** Answers without a body, and takes nothing more from that connection. */
export function refuse(
  response: ServerResponse,
  status: number,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { connection: 'close', ...headers }).end();
}

function listenError(host: string, port: number, cause: Error): VistazoError {
  const isBusy = 'code' in cause && cause.code === 'EADDRINUSE';
  const reason = isBusy
    ? `port ${port} is in use; choose another with the option port`
    : cause.message;
  return new VistazoError(
    'server.failed',
    `The adapter for Slack cannot listen on ${host}: ${reason}.`,
    { cause },
  );
}
