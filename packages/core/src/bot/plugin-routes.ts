import type { PluginHost } from '../plugin/plugin-host.js';

const routePath = /^\/plugins\/([a-z][a-z0-9-]*)(\/.*)$/;

/**
 * What a plugin answers to a request to `/plugins/{name}/…`; undefined for other addresses. A plugin
 * that fails or takes too long is reported, and the answer is 500. @internal
 */
export async function pluginResponse(
  host: PluginHost,
  request: Request,
): Promise<Response | undefined> {
  const [, name, path] = routePath.exec(new URL(request.url).pathname) ?? [];
  if (name === undefined) return undefined;
  const routes = host.routes.filter(({ plugin, route }) => plugin === name && route.path === path);
  if (routes.length === 0) return new Response('Not found.', { status: 404 });
  const found = routes.find(({ route }) => route.method === request.method);
  if (found === undefined) {
    const allow = routes.map(({ route }) => route.method).join(', ');
    return new Response('Not allowed.', { status: 405, headers: { allow } });
  }
  let response: Response | undefined;
  await host.contained(name, async () => {
    response = await found.route.handler(request, { signal: request.signal });
  });
  return response ?? new Response('The plugin failed.', { status: 500 });
}
