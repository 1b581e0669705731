import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Answer, type Method, Refusal } from './methods.ts';
import type { RateLimits } from './rate-limits.ts';
import type { Installation, Workspace } from './workspace.ts';

/** A call of the app. */
export interface Call {
  readonly method: string;
  /** With JSON in forms read, and without the token. */
  readonly args: Answer;
  readonly atMs: number;
  /** What was answered, as `ok` or the code of an error; undefined until it is. */
  result: string | undefined;
}

/** An answer that a test wants in place of the method's. */
export interface OwnAnswer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  /** `null` cuts the connection. */
  readonly body: Answer | string | null;
}

export type Interceptor = (call: Call) => OwnAnswer | undefined | Promise<OwnAnswer | undefined>;

/** Methods that need no token of a workspace. */
const withoutWorkspace = new Set(['apps.connections.open', 'oauth.v2.access']);

/** Arguments that forms carry as JSON. */
const jsonFields = new Set([
  'attachments',
  'blocks',
  'chunks',
  'files',
  'loading_messages',
  'metadata',
  'prompts',
  'view',
]);

/** The Web API: reads calls, checks token, scope and rate, runs the method and answers as Slack does. */
export class WebApi {
  readonly calls: Call[] = [];
  /** What was wrong with calls that Slack would refuse however often they come. */
  readonly brokenLimits: string[] = [];
  /** How many calls it takes. Default as many as come. */
  rates: RateLimits | undefined;
  readonly #world: Workspace;
  readonly #methods: Record<string, Method>;
  readonly #interceptors = new Set<Interceptor>();

  constructor(world: Workspace, methods: Record<string, Method>) {
    this.#world = world;
    this.#methods = methods;
  }

  /** Answers in place of the method where it gives something; gives what ends that. */
  intercept(interceptor: Interceptor): () => void {
    this.#interceptors.add(interceptor);
    return () => this.#interceptors.delete(interceptor);
  }

  /** Arguments of the calls of a method, in order. */
  callsOf(method: string): Answer[] {
    return this.calls.filter((call) => call.method === method).map(({ args }) => args);
  }

  callerOf(request: IncomingMessage): Installation | undefined {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    return this.#world.installations.find(({ botToken }) => botToken === token);
  }

  async answer(method: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { token, ...args } = await argumentsOf(request);
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    const sent = bearer ?? (typeof token === 'string' ? token : undefined);
    const call: Call = { method, args, atMs: Date.now(), result: undefined };
    this.calls.push(call);
    for (const interceptor of this.#interceptors) {
      const own = await interceptor(call);
      if (own === undefined) continue;
      call.result = 'intercepted';
      if (own.body === null) return void response.destroy();
      return send(response, own.status ?? 200, own.body, own.headers);
    }
    const installation = this.#world.installations.find(({ botToken }) => botToken === sent);
    const known = this.#methods[method];
    const waitSec = this.rates?.take(
      method,
      installation?.teamId ?? '',
      String(args.channel ?? args.channel_id ?? ''),
    );
    if (waitSec !== undefined) {
      call.result = 'ratelimited';
      const headers = { 'retry-after': String(waitSec) };
      return send(response, 429, { ok: false, error: 'ratelimited' }, headers);
    }
    const headers: Record<string, string> =
      installation === undefined ? {} : { 'x-oauth-scopes': [...installation.scopes].join(',') };
    try {
      if (known === undefined) throw new Refusal('unknown_method', { breach: 'no such method' });
      const body = withoutWorkspace.has(method)
        ? await known.run(
            { ...args, token: sent, authorization: request.headers.authorization },
            nobody,
          )
        : await this.#run(known, args, sent, installation);
      call.result = 'ok';
      send(response, 200, { ok: true, ...body }, headers);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      call.result = error.code;
      if (error.breach !== undefined)
        this.brokenLimits.push(`${method}: ${error.code}: ${error.breach}`);
      send(response, 200, { ok: false, error: error.code, ...error.more }, headers);
    }
  }

  async #run(
    { scopes, run }: Method,
    args: Answer,
    token: string | undefined,
    caller: Installation | undefined,
  ): Promise<Answer> {
    if (token === undefined) throw new Refusal('not_authed');
    if (caller === undefined) throw new Refusal('invalid_auth');
    if (caller.state !== 'active') throw new Refusal(caller.state);
    const needed = scopes(args);
    if (needed.length > 0 && !needed.some((scope) => caller.scopes.has(scope)))
      throw new Refusal('missing_scope', {
        needed: needed.join(','),
        provided: [...caller.scopes].join(','),
      });
    return run(args, caller);
  }
}

/** Who calls what needs no token of a workspace. */
const nobody: Installation = {
  teamId: '',
  botToken: '',
  botUserId: '',
  botId: '',
  scopes: new Set(),
  state: 'active',
};

/** Sends JSON, or text as it is. */
export function send(
  response: ServerResponse,
  status: number,
  body: Answer | string,
  headers: Record<string, string> = {},
): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const type = typeof body === 'string' ? 'text/plain' : 'application/json; charset=utf-8';
  response.writeHead(status, { 'content-type': type, ...headers }).end(text);
}

/** The body of a request. */
export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function argumentsOf(request: IncomingMessage): Promise<Answer> {
  const body = await bodyOf(request);
  const type = request.headers['content-type'] ?? '';
  const query = new URL(request.url ?? '', 'http://fake').searchParams;
  if (type.startsWith('application/json')) {
    const read: unknown = JSON.parse(body.toString() || '{}');
    return typeof read === 'object' && read !== null ? { ...read } : {};
  }
  const args: Answer = {};
  for (const [key, value] of [...query, ...new URLSearchParams(body.toString())])
    args[key] = jsonFields.has(key) ? parsed(value) : value;
  return args;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
