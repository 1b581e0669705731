import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { brokenLimit, type Upload } from './payload-limits.ts';
import type { RateLimits } from './rate-limits.ts';

/** What the front answers in place of the twin. */
export interface FrontAnswer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** A call of the bot. */
export interface FrontCall {
  method: string;
  /** Without `/api/v10`, with the query. */
  path: string;
  body: Record<string, unknown>;
  /** The body where it may be something else than an object. */
  json: unknown;
  /** Texts of the files that it sends, by their names. */
  files: Record<string, string>;
  /** The same as bytes, in order, with what the body says of them. */
  attachments: { name: string; bytes: Uint8Array; description: string | undefined }[];
}

type Interceptor = (call: FrontCall) => FrontAnswer | undefined | Promise<FrontAnswer | undefined>;

/**
 * Stands before discord-digital-twin and does what that lacks, as Discord documents it: files, nonces that are
 * enforced, the limits of what is sent, and answers that a test asks for, such as 429. It is no Discord.
 */
export class TwinFront {
  /** Every call of the bot, in order. */
  readonly calls: FrontCall[] = [];
  /** What was wrong with calls that Discord would refuse. */
  readonly brokenLimits: string[] = [];
  /** How many calls it takes. Default as many as come, as the twin does. */
  rates: RateLimits | undefined;
  readonly #files = new Map<string, Uint8Array>();
  readonly #byNonce = new Map<string, string>();
  readonly #interceptors = new Set<Interceptor>();
  readonly #server: Server;
  readonly #twinUrl: () => string;

  constructor(twinUrl: () => string) {
    this.#twinUrl = twinUrl;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** A file that can be fetched; gives its address. */
  addFile(bytes: Uint8Array, name: string, query = ''): string {
    const path = `/attachments/1/${this.#files.size + 1}/${name}${query}`;
    this.#files.set(path, bytes);
    return `${this.origin}${path}`;
  }

  /** The file is there no more at this address. */
  expire(url: string): void {
    this.#files.delete(url.slice(this.origin.length));
  }

  /** Answers in place of the twin where it gives something; gives what ends that. */
  intercept(interceptor: Interceptor): () => void {
    this.#interceptors.add(interceptor);
    return () => this.#interceptors.delete(interceptor);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? '/';
    const file = this.#files.get(url);
    if (file !== undefined) return void response.end(file);
    if (!url.startsWith('/api/v10/')) return void response.writeHead(404).end();
    const { text, files, uploads, contents } = await contentOf(request);
    const [method, path] = [request.method ?? 'GET', url.slice('/api/v10'.length)];
    const json: unknown = text === '' ? {} : JSON.parse(text);
    const body = text.startsWith('{') ? JSON.parse(text) : {};
    const attachments = uploads.map(({ field, name }, index) => ({
      name,
      bytes: contents[index] ?? new Uint8Array(),
      description: descriptionOf(body, field),
    }));
    const call: FrontCall = { method, path, body, json, files, attachments };
    this.calls.push(call);
    const broken =
      method === 'GET' || method === 'DELETE'
        ? undefined
        : brokenLimit(method, path, json, uploads);
    if (broken !== undefined) {
      this.brokenLimits.push(broken);
      const message = `Invalid Form Body\n${broken}`;
      return send(response, { status: 400, body: { code: 50035, message } });
    }
    const rate = this.rates?.take(call);
    if (rate?.refusal !== undefined) return send(response, rate.refusal);
    for (const [name, value] of Object.entries(rate?.headers ?? {}))
      response.setHeader(name, value);
    for (const interceptor of this.#interceptors) {
      const own = await interceptor(call);
      if (own !== undefined) return send(response, own);
    }
    const { nonce } = call.body;
    const nonceKey = call.body.enforce_nonce === true ? `${call.path} ${nonce}` : undefined;
    const known = nonceKey === undefined ? undefined : this.#byNonce.get(nonceKey);
    if (known !== undefined) return void response.end(known);
    const answered = await this.#passOn(request, call, withoutFiles(call, text));
    if (nonceKey !== undefined && answered.status < 300) this.#byNonce.set(nonceKey, answered.text);
    response.writeHead(answered.status, headersOf(answered.text)).end(answered.text);
  }

  async #passOn(request: IncomingMessage, { method, path }: FrontCall, text: string) {
    const answered = await fetch(`${this.#twinUrl()}/v10${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        authorization: request.headers.authorization ?? '',
      },
      ...(text !== '' && { body: text }),
    });
    return { status: answered.status, text: await answered.text() };
  }
}

const describedSchema = z.object({
  attachments: z
    .array(z.object({ id: z.unknown(), description: z.string().optional() }))
    .default([]),
});

/** What the body of a call says of the file in a field such as `files[0]`. */
function descriptionOf(body: unknown, field: string): string | undefined {
  const { attachments } = describedSchema.parse(body);
  return attachments.find(({ id }) => field === `files[${id}]`)?.description;
}

/** The twin takes no files of a bot. */
function withoutFiles({ body, files }: FrontCall, text: string): string {
  const { attachments: _, ...rest } = body;
  return Object.keys(files).length === 0 ? text : JSON.stringify(rest);
}

function headersOf(text: string): Record<string, string> {
  return text === '' ? {} : { 'content-type': 'application/json' };
}

function send(response: ServerResponse, { status, body, headers = {} }: FrontAnswer): void {
  const text = body === undefined ? '' : JSON.stringify(body);
  response.writeHead(status, { ...headersOf(text), ...headers }).end(text);
}

/** The JSON that a call brings, and its files, which the twin does not take. */
async function contentOf(request: IncomingMessage): Promise<{
  text: string;
  files: Record<string, string>;
  uploads: Upload[];
  contents: Uint8Array[];
}> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const type = request.headers['content-type'] ?? '';
  if (!type.startsWith('multipart/form-data'))
    return { text: body.toString(), files: {}, uploads: [], contents: [] };
  const form = await new Response(body, { headers: { 'content-type': type } }).formData();
  const files: Record<string, string> = {};
  const uploads: Upload[] = [];
  const contents: Uint8Array[] = [];
  for (const [field, value] of form) {
    if (typeof value === 'string') continue;
    files[value.name] = await value.text();
    uploads.push({ field, name: value.name, sizeBytes: value.size });
    contents.push(new Uint8Array(await value.arrayBuffer()));
  }
  return { text: String(form.get('payload_json') ?? ''), files, uploads, contents };
}
