import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { VistazoError } from '@vistazo/core';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';

const cookieName = 'vistazo_secret';
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

/**
 * Refuses requests that come by a foreign host name (DNS rebinding), changes that come from a
 * foreign page (cross-site request forgery), and, where a secret is set, strangers.
 */
export function guard(policy: AccessPolicy): MiddlewareHandler {
  return async (context, next) => {
    if (!hostAllowed(policy, context.req.header('host')))
      return refuse(context, 403, 'This host name is not served here.');
    if (!originAllowed(context))
      return refuse(context, 403, 'Requests from other pages are not accepted.');
    if (!secretGiven(policy, context)) return refuse(context, 401, 'Log in with the secret first.');
    await next();
  };
}

function hostAllowed({ host, secret }: AccessPolicy, given: string | undefined): boolean {
  if (given === undefined) return false;
  const name = given.replace(/:\d+$/, '');
  // With a secret the page may be reached by any name; the cookie is bound to that name.
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

function secretGiven({ secret }: AccessPolicy, context: Context): boolean {
  if (secret === undefined || isPublic(context.req.path, context.req.method)) return true;
  const bearer = context.req.header('authorization')?.replace(/^Bearer /, '');
  return sameSecret(getCookie(context, cookieName) ?? bearer ?? '', secret);
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

/** Answers a login: sets a cookie that scripts cannot read when the secret is right. */
export function logIn(policy: AccessPolicy, context: Context, given: string): Response {
  if (policy.secret === undefined) return context.json({ ok: true });
  if (!sameSecret(given, policy.secret)) return refuse(context, 401, 'That is not the secret.');
  setCookie(context, cookieName, policy.secret, { httpOnly: true, sameSite: 'Strict', path: '/' });
  return context.json({ ok: true });
}

function refuse(context: Context, status: 401 | 403, message: string): Response {
  return context.json(
    { error: { code: status === 401 ? 'access.secret' : 'access.refused', message } },
    status,
  );
}
