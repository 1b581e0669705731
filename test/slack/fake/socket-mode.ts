import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import type { Attempt, Outbox } from './outbox.ts';

const ackSchema = z.object({ envelope_id: z.string(), payload: z.unknown().optional() });
const pingEveryMs = 10_000;

/** Socket Mode: tickets for connections, hello, envelopes that go to one connection each, and disconnecting. */
export class SocketMode {
  /** How often a connection was greeted. */
  greeted = 0;
  /** Whether connections are greeted; without it they stay silent and get nothing. */
  greets = true;
  readonly #outbox: Outbox;
  readonly #appId: string;
  readonly #server = new WebSocketServer({ noServer: true });
  readonly #tickets = new Set<string>();
  readonly #open: WebSocket[] = [];
  readonly #pings: NodeJS.Timeout;
  #next = 0;

  constructor(outbox: Outbox, appId: string) {
    this.#outbox = outbox;
    this.#appId = appId;
    this.#pings = setInterval(() => {
      for (const socket of this.#server.clients) socket.ping(`Ping from ${this.#appId}`);
    }, pingEveryMs);
    this.#pings.unref();
  }

  /** What `apps.connections.open` answers. */
  issueUrl(origin: string): string {
    const ticket = randomUUID();
    this.#tickets.add(ticket);
    return `${origin.replace('http', 'ws')}/link/?ticket=${ticket}&app_id=${this.#appId}`;
  }

  /** Connections that get events. */
  get connections(): number {
    return this.#open.length;
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const ticket = new URL(request.url ?? '', 'http://fake').searchParams.get('ticket') ?? '';
    if (!this.#tickets.delete(ticket)) {
      socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n');
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (connection) => this.#greet(connection));
  }

  /** Sends an attempt over the connection whose turn it is; false where there is none. */
  send({ id, delivery, number }: Attempt): boolean {
    const open = this.#open.filter(({ readyState }) => readyState === WebSocket.OPEN);
    const socket = open[this.#next++ % Math.max(open.length, 1)];
    if (socket === undefined) return false;
    socket.send(
      JSON.stringify({
        envelope_id: id,
        type: delivery.kind,
        payload: delivery.payload,
        accepts_response_payload: delivery.kind !== 'events_api',
        ...(delivery.kind === 'events_api' && {
          retry_attempt: number,
          retry_reason: number === 0 ? '' : (delivery.retryReason ?? 'timeout'),
        }),
      }),
    );
    return true;
  }

  /** Says that connections end soon (`warning`) or now (`refresh_requested`), as Slack does every few hours. */
  announceEnd(reason: 'warning' | 'refresh_requested' = 'refresh_requested'): void {
    for (const socket of this.#open)
      socket.send(JSON.stringify({ type: 'disconnect', reason, debug_info: { host: 'fake' } }));
  }

  /** Drops all connections without a word. */
  drop(): void {
    for (const socket of this.#server.clients) socket.terminate();
  }

  stop(): void {
    clearInterval(this.#pings);
    this.drop();
    this.#server.close();
  }

  #greet(socket: WebSocket): void {
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      const at = this.#open.indexOf(socket);
      if (at >= 0) this.#open.splice(at, 1);
    });
    socket.on('message', (raw) => {
      const ack = ackSchema.safeParse(JSON.parse(String(raw))).data;
      if (ack !== undefined) this.#outbox.acknowledge(ack.envelope_id, ack.payload);
    });
    if (!this.greets) return;
    this.greeted += 1;
    this.#open.push(socket);
    socket.send(
      JSON.stringify({
        type: 'hello',
        num_connections: this.#open.length,
        debug_info: { host: 'fake', approximate_connection_time: 18_060 },
        connection_info: { app_id: this.#appId },
      }),
    );
    this.#outbox.resume();
  }
}
