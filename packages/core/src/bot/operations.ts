import type { BotMetrics } from '../telemetry/bot-metrics.js';
import { jsonResponse } from './http-handler.js';

/** What operators ask of a running bot. @internal */
export interface Operations {
  metrics: BotMetrics;
  /** Names of the parts that cannot be used now; none when the bot is ready. */
  notReady: () => Promise<string[]>;
}

const methods = ['GET', 'HEAD'];

const routes: Readonly<Record<string, (operations: Operations) => Promise<Response>>> = {
  // That it is answered shows that the event loop goes round.
  '/healthz': async () => jsonResponse(200, { status: 'ok' }),
  '/readyz': async ({ notReady }) => {
    const parts = await notReady();
    if (parts.length === 0) return jsonResponse(200, { status: 'ready' });
    return jsonResponse(503, { status: 'notReady', notReady: parts });
  },
  '/metrics': async ({ metrics }) =>
    new Response(await metrics.text(), {
      headers: { 'content-type': metrics.contentType, 'cache-control': 'no-store' },
    }),
};

/** Answers `GET /healthz`, `/readyz` and `/metrics`; undefined for other addresses. @internal */
export async function operationsResponse(
  operations: Operations,
  request: Request,
): Promise<Response | undefined> {
  const { pathname } = new URL(request.url);
  const route = Object.hasOwn(routes, pathname) ? routes[pathname] : undefined;
  if (route === undefined) return undefined;
  if (methods.includes(request.method)) return route(operations);
  return new Response(null, { status: 405, headers: { allow: methods.join(', ') } });
}
