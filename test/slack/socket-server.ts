import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';

const acknowledgementSchema = z.object({ envelope_id: z.string(), payload: z.unknown() });
type Acknowledgement = z.output<typeof acknowledgementSchema>;

/** What `apps.connections.open` answers: a connection, a refusal of Slack's, or a status of HTTP. */
type Opening = 'ok' | { error: string } | { status: number };

/** The server's side of Socket Mode, on loopback, of our own. It is no Slack. */
export class SocketServer {
  /** What the next calls of `apps.connections.open` are answered, before they go well. */
  readonly openings: Opening[] = [];
  /** In the order in which they came. */
  readonly acknowledged: Acknowledgement[] = [];
  /** How often a bot connected. */
  connections = 0;
  /** Whether the server ends its side of a connection that the bot ends. */
  isPolite = true;
  readonly #http: Server;
  readonly #sockets: WebSocketServer;

  private constructor() {
    this.#http = createServer((request, response) => {
      request.resume();
      const opening = this.openings.shift() ?? 'ok';
      if (opening !== 'ok' && 'status' in opening) {
        response.writeHead(opening.status).end();
        return;
      }
      const answer = opening === 'ok' ? { ok: true, url: this.#url } : { ok: false, ...opening };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
    this.#sockets = new WebSocketServer({ server: this.#http });
    this.#sockets.on('connection', (socket) => this.#greet(socket));
  }

  /** For as long as the test runs. */
  static async start(): Promise<SocketServer> {
    const server = new SocketServer();
    server.#http.listen(0, '127.0.0.1');
    await once(server.#http, 'listening');
    onTestFinished(() => server.stop());
    return server;
  }

  get apiUrl(): string {
    return `http://127.0.0.1:${this.#port}/api/`;
  }

  /** To every bot that is connected. */
  send(message: unknown): void {
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    for (const socket of this.#sockets.clients) socket.send(text);
  }

  event(id: string, event: Record<string, unknown> = {}): void {
    this.send({
      type: 'events_api',
      envelope_id: id,
      accepts_response_payload: false,
      payload: {
        type: 'event_callback',
        event_id: `Ev-${id}`,
        team_id: 'T1',
        event: { type: 'app_mention', channel: 'C1', ts: '1.1', user: 'U1', text: id, ...event },
      },
    });
  }

  /** Ends the connections, as networks do. */
  cut(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
  }

  async stop(): Promise<void> {
    this.cut();
    this.#sockets.close();
    this.#http.close();
    this.#http.closeAllConnections();
  }

  get #port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get #url(): string {
    return `ws://127.0.0.1:${this.#port}/link`;
  }

  #greet(socket: WebSocket): void {
    this.connections += 1;
    socket.on('message', (data) => {
      this.acknowledged.push(acknowledgementSchema.parse(JSON.parse(String(data))));
    });
    if (!this.isPolite) socket.pause();
    socket.send(JSON.stringify({ type: 'hello', num_connections: 1 }));
  }
}
