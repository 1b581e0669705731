import { VistazoError } from '../errors.js';

/** How a route of a plugin can be asked. */
export type RouteMethod = 'GET' | 'POST' | 'PUT' | 'DELETE';

/**
 * Answers a request. Whoever reaches the bot's HTTP handler can ask it, so that signatures or tokens
 * are to be checked here.
 */
export type RouteHandler = (
  request: Request,
  context: { readonly signal: AbortSignal },
) => Response | Promise<Response>;

/** A route that a plugin registered. @internal */
export interface Route {
  method: RouteMethod;
  /** Below `/plugins/{name}`, beginning with a slash. */
  path: string;
  handler: RouteHandler;
}

const pathPattern = /^\/$|^(\/(?!\.+(?:\/|$))[\w.~-]+)+$/;

/** Throws `plugin.invalid`. @internal */
export function requireRoutePath(plugin: string, path: string): void {
  if (pathPattern.test(path)) return;
  throw new VistazoError(
    'plugin.invalid',
    `The route ${JSON.stringify(path)} of the plugin ${plugin} is not valid: it must be a path such as /tickets/open.`,
  );
}
