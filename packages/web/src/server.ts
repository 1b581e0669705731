import { createServer, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import {
  type ChatService,
  type Logger,
  type LogOptions,
  openLogger,
  VistazoError,
} from '@vistazo/core';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { secureHeaders } from 'hono/secure-headers';
import { Access, checkAccessPolicy } from './access.js';
import { createApi, failUnread } from './api.js';
import { servePage } from './page-files.js';
import type { WireSession } from './wire.js';

/** Options of {@link startWebServer}. */
export interface WebServerOptions {
  service: ChatService;
  /** Which model answers. */
  model: WireSession['model'];
  /** Whether the small model that comes with Vistazo answers; people are told what it knows. Default false. */
  isEmbedded?: boolean;
  /** Default `127.0.0.1`. Anything that is not loopback needs a secret. */
  host?: string;
  /** 0 for any free one. Default 8787. */
  port?: number;
  /** What people must know to use the page, at least 16 characters. */
  secret?: string;
  /**
   * Where wrong secrets are logged, without what was guessed, and failures that only the operator can mend, by their
   * codes: a logger such as pino's, or how lines are written.
   * Default: lines on the standard error output.
   */
  log?: Logger | LogOptions;
  /** Most bytes of one picture. Default 25 MiB. */
  maxUploadBytes?: number;
  /** Most pictures of one message. Default 10. */
  maxPictures?: number;
  /**
   * Answers `GET /healthz`, `/readyz` and `/metrics`, as the `fetch` of a bot does. The first two need no
   * secret. Default: they are not there.
   */
  operations?: (request: Request) => Response | Promise<Response>;
}

/** A running server. */
export interface WebServer {
  /** Address of the chat page. */
  url: string;
  /** Stops listening and ends open requests. */
  close(): Promise<void>;
}

/**
 * Serves the chat page. Throws `option.invalid` when others could reach it without a secret,
 * `server.failed` when the port cannot be used.
 */
export async function startWebServer(options: WebServerOptions): Promise<WebServer> {
  const { host = '127.0.0.1', port = 8787, secret } = options;
  const policy = secret === undefined ? { host } : { host, secret };
  checkAccessPolicy(policy);
  const session: WireSession = {
    model: { id: options.model.id, variant: options.model.variant, runs: options.model.runs },
    isEmbedded: options.isEmbedded ?? false,
    maxUploadBytes: options.maxUploadBytes ?? 25 * 2 ** 20,
    maxPictures: options.maxPictures ?? 10,
  };
  const app = new Hono();
  app.use(
    secureHeaders({
      contentSecurityPolicy,
      crossOriginResourcePolicy: 'same-origin',
      referrerPolicy: 'same-origin',
      strictTransportSecurity: false,
    }),
  );
  const log = openLogger(options.log ?? {});
  const access = await Access.open(policy, log);
  app.use(access.guard);
  app.post('/api/login', smallBody, async (context) => {
    const body: unknown = await context.req.json().catch(() => ({}));
    const given = typeof body === 'object' && body !== null && 'secret' in body ? body.secret : '';
    return access.logIn(context, String(given));
  });
  const { operations } = options;
  if (operations !== undefined)
    app.on('GET', [...operationPaths], (context) => operations(context.req.raw));
  app.route('/api', createApi({ service: options.service, session, log }));
  app.get('*', servePage);
  const server = await listen(createServer(getRequestListener(app.fetch)), host, port);
  return { url: urlOf(server, host), close: () => close(server) };
}

/** Whoever logs in is not known yet. */
const maxLoginBytes = 16 * 2 ** 10;

const smallBody = bodyLimit({
  maxSize: maxLoginBytes,
  onError: (context) =>
    failUnread(
      context,
      new VistazoError('option.invalid', `A secret has less than ${maxLoginBytes} bytes.`),
      413,
    ),
});

const operationPaths = ['/healthz', '/readyz', '/metrics'] as const;

const contentSecurityPolicy = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'", 'blob:'],
  connectSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
};

function listen(server: Server, host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(listenError(host, port, cause)));
    server.listen(port, host, () => resolve(server));
  });
}

function listenError(host: string, port: number, cause: Error): VistazoError {
  const busy = 'code' in cause && cause.code === 'EADDRINUSE';
  const reason = busy ? `port ${port} is in use; choose another with --port` : cause.message;
  return new VistazoError('server.failed', `The chat page cannot listen on ${host}: ${reason}.`, {
    cause,
  });
}

function urlOf(server: Server, host: string): string {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
