import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { getConnInfo } from '@hono/node-server/conninfo';
import { type Logger, VistazoError } from '@vistazo/core';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { GuessLimit } from './guess-limit.js';
import { Sessions } from './sessions.js';

const cookieName = 'vistazo_session';
const minSecretLength = 16;
const safeMethods = new Set(['GET', 'HEAD']);

/** Who may reach the server. */
export interface AccessPolicy {
  host: string;
  secret?: string;
}

/** Whether `host` is an address or name of this machine alone. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase();
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}

/** Throws `option.invalid` when the server would be open to others without a secret. */
export function checkAccessPolicy({ host, secret }: AccessPolicy): void {
  if (secret !== undefined && secret.length < minSecretLength) {
    throw new VistazoError(
      'option.invalid',
      `The secret has ${secret.length} characters; use at least ${minSecretLength}.`,
    );
  }
  if (secret === undefined && !isLoopback(host)) {
    throw new VistazoError(
      'option.invalid',
      `Listening on ${host} lets others reach the chat page; set a secret of at least ${minSecretLength} characters, or use 127.0.0.1.`,
    );
  }
}

/** Who may come in, as the server knows it while it runs. */
export class Access {
  readonly #guesses = new GuessLimit();

  private constructor(
    private readonly policy: AccessPolicy,
    private readonly sessions: Sessions | undefined,
    private readonly log: Pick<Logger, 'warn'>,
  ) {}

  static async open(policy: AccessPolicy, log: Pick<Logger, 'warn'>): Promise<Access> {
    const { secret } = policy;
    return new Access(policy, secret === undefined ? undefined : await Sessions.of(secret), log);
  }

  /**
   * Refuses requests that come by a foreign host name (DNS rebinding), changes that come from a
   * foreign page (cross-site request forgery), and, where a secret is set, strangers.
   */
  readonly guard: MiddlewareHandler = async (context, next) => {
    if (!hostAllowed(this.policy, context.req.header('host')))
      return refuse(context, 403, 'This host name is not served here.');
    if (!originAllowed(context))
      return refuse(context, 403, 'Requests from other pages are not accepted.');
    const refused = this.#refuseStranger(context);
    if (refused !== undefined) return refused;
    await next();
  };

  /** Answers a login: begins a session, in a cookie that scripts cannot read, when the secret is right. */
  logIn(context: Context, given: string): Response {
    if (this.sessions === undefined) return context.json({ ok: true });
    const refused = this.#tryGuess(context, given, 'That is not the secret.');
    if (refused !== undefined) return refused;
    const isSecure = isServedOverHttps(context);
    setCookie(context, cookieName, this.sessions.begin(), {
      httpOnly: true,
      sameSite: 'Strict',
      path: '/',
      secure: isSecure,
      ...(isSecure && { prefix: 'host' }),
    });
    return context.json({ ok: true });
  }

  #refuseStranger(context: Context): Response | undefined {
    const { path, method } = context.req;
    if (this.sessions === undefined || isPublic(path, method)) return undefined;
    const session = getCookie(context, cookieName, 'host') ?? getCookie(context, cookieName);
    if (session !== undefined && this.sessions.isOpen(session)) return undefined;
    const bearer = context.req.header('authorization')?.replace(/^Bearer /, '');
    if (bearer === undefined) return refuse(context, 401, notLoggedIn);
    return this.#tryGuess(context, bearer, notLoggedIn);
  }

  /** Undefined when the guess is right. */
  #tryGuess(context: Context, given: string, sentence: string): Response | undefined {
    const address = addressOf(context);
    const waitMs = this.#guesses.waitMs(address);
    if (waitMs > 0) return refuseGuess(context, waitMs);
    if (sameSecret(given, this.policy.secret ?? '')) {
      this.#guesses.right(address);
      return undefined;
    }
    const { wrong, waitMs: nextAfterMs } = this.#guesses.wrong(address);
    // Neither the guess, which may be nearly right, nor whose it is.
    this.log.warn({ wrongGuesses: wrong, nextAfterMs }, 'secret refused');
    return refuse(context, 401, sentence);
  }
}

const notLoggedIn = 'Log in with the secret first.';

function addressOf(context: Context): string {
  return getConnInfo(context).remote.address ?? '';
}

/** As browsers say, or a server before this one. */
function isServedOverHttps({ req }: Context): boolean {
  const forwarded = req.header('x-forwarded-proto')?.split(',')[0]?.trim().toLowerCase();
  return forwarded === 'https' || req.header('origin')?.startsWith('https:') === true;
}

function hostAllowed({ host, secret }: AccessPolicy, given: string | undefined): boolean {
  if (given === undefined) return false;
  const name = given.replace(/:\d+$/, '');
  // With a secret the page may be reached by any name; the session is bound to that name.
  return secret !== undefined || isLoopback(name) || name === host;
}

function originAllowed({ req }: Context): boolean {
  const origin = req.header('origin');
  if (origin !== undefined)
    return URL.canParse(origin) && new URL(origin).host === req.header('host');
  // Browsers say where a request comes from; programs that are none say nothing.
  const site = req.header('sec-fetch-site') ?? 'none';
  return safeMethods.has(req.method) || site === 'same-origin' || site === 'none';
}

function isPublic(path: string, method: string): boolean {
  if (path === '/api/login') return true;
  // The page itself tells nothing, nor do the probes of its health.
  return safeMethods.has(method) && !path.startsWith('/api/') && path !== '/metrics';
}

/** Compares in a time that does not depend on where the two differ. */
function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

function refuseGuess(context: Context, waitMs: number): Response {
  const seconds = Math.ceil(waitMs / 1000);
  context.header('Retry-After', String(seconds));
  return refuse(context, 429, `There were too many wrong secrets; try again in ${seconds} s.`);
}

const codes = { 401: 'access.secret', 403: 'access.refused', 429: 'access.tooFast' } as const;

function refuse(context: Context, status: keyof typeof codes, message: string): Response {
  return context.json({ error: { code: codes[status], message } }, status);
}
