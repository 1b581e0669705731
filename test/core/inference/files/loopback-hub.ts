import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that a {@link LoopbackHub} got. */
export interface SeenRequest {
  path: string;
  headers: IncomingMessage['headers'];
}

/** Answers a request instead of the hub; false leaves it to the hub. */
export type Interceptor = (path: string, response: ServerResponse) => boolean;

/** A model hub on the loopback interface with one model, in the addresses of Hugging Face's. */
export interface LoopbackHub {
  url: string;
  /** Requests so far, oldest first. */
  requests: SeenRequest[];
  /** What the listing says of each file; may be changed. */
  files: Map<string, { bytes: Uint8Array; listed?: object }>;
  intercept: Interceptor;
  close(): Promise<void>;
}

/** Paths of files that requests for content asked for. */
export function downloadsOf({ requests }: LoopbackHub): string[] {
  return requests.filter(({ path }) => path.includes('/resolve/')).map(({ path }) => fileOf(path));
}

const fileOf = (path: string) => path.replace(/^.*\/resolve\/main\//, '');

/** Starts a hub that knows the model `id` with these files. */
export async function startHub(
  id: string,
  contents: Iterable<[string, Uint8Array]>,
): Promise<LoopbackHub> {
  const files: LoopbackHub['files'] = new Map(
    Array.from(contents, ([path, bytes]) => [path, { bytes }]),
  );
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? '').replace(/\?.*$/, ''));
    hub.requests.push({ path, headers: request.headers });
    if (hub.intercept(path, response)) return;
    if (path === `/api/models/${id}/tree/main`) return list(files, response);
    const found = path.startsWith(`/${id}/resolve/main/`) ? files.get(fileOf(path)) : undefined;
    if (found === undefined) return void response.writeHead(404).end();
    send(found.bytes, request.headers.range, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const hub: LoopbackHub = {
    url: `http://127.0.0.1:${port}`,
    requests: [],
    files,
    intercept: () => false,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return hub;
}

function list(files: LoopbackHub['files'], response: ServerResponse): void {
  const entries = Array.from(files, ([path, { bytes, listed }]) => ({
    type: 'file',
    path,
    size: bytes.length,
    oid: 'of no use here',
    ...(path.includes('.onnx') && {
      lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 130 },
    }),
    ...listed,
  }));
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(entries));
}

function send(bytes: Uint8Array, range: string | undefined, response: ServerResponse): void {
  const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
  const rest = bytes.subarray(from);
  response.writeHead(from > 0 ? 206 : 200, {
    'content-length': rest.length,
    ...(from > 0 && { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
  });
  response.end(rest);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
