import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

/** One call of a method of Slack's Web API. */
export interface ApiCall {
  method: string;
  /** From the header; undefined without one. */
  token: string | undefined;
  body: Record<string, string>;
}

/** What is answered: JSON, with headers. */
export interface ApiAnswer {
  json: Record<string, unknown>;
  headers?: Record<string, string>;
}

/** Answers calls of Slack's Web API on loopback, for as long as the test runs. It is no Slack. */
export async function startApi(answer: (call: ApiCall) => ApiAnswer | Promise<ApiAnswer>) {
  const calls: ApiCall[] = [];
  const server = createServer(async (request, response) => {
    const call = {
      method: (request.url ?? '').replace('/api/', ''),
      token: request.headers.authorization?.replace('Bearer ', ''),
      body: Object.fromEntries(new URLSearchParams(await text(request))),
    };
    calls.push(call);
    const { json, headers } = await answer(call);
    response.writeHead(200, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(json));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { slackApiUrl: `http://127.0.0.1:${port}/api/`, calls };
}
