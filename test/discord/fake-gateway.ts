import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import {
  GatewayCloseCodes,
  GatewayDispatchEvents,
  GatewayOpcodes,
  PermissionsBitField,
} from 'discord.js';
import { generateSnowflake } from 'discord-digital-twin';
import { WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import type { Twin } from './twin-fixture.ts';

const receivedSchema = z.discriminatedUnion('op', [
  z.object({ op: z.literal(GatewayOpcodes.Heartbeat), d: z.int().nullable() }),
  z.object({ op: z.literal(GatewayOpcodes.Identify), d: z.looseObject({ token: z.string() }) }),
  z.object({
    op: z.literal(GatewayOpcodes.Resume),
    d: z.object({ token: z.string(), session_id: z.string(), seq: z.int() }),
  }),
]);

interface Dispatch {
  s: number;
  t: string;
  d: unknown;
}

/** What a bot is told from its identifying on, over one connection after another. */
interface Session {
  id: string;
  dispatched: Dispatch[];
  socket: WebSocket | undefined;
}

/**
 * A gateway of our own, for what that of discord-digital-twin lacks: sessions that are resumed, and sessions
 * that are not valid any more. It speaks Discord's protocol on loopback and tells what the twin would have
 * told. It is no Discord.
 */
export class FakeGateway {
  /** How often a bot identified, resumed, and was told that its session is invalid. */
  readonly counts = { identified: 0, resumed: 0, invalid: 0 };
  readonly #twin: Twin;
  readonly #heartbeatMs: number;
  readonly #server: WebSocketServer;
  readonly #sessions = new Map<string, Session>();
  readonly #silent = new WeakSet<WebSocket>();
  #open = Promise.resolve();

  private constructor(twin: Twin, heartbeatMs: number) {
    this.#twin = twin;
    this.#heartbeatMs = heartbeatMs;
    this.#server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    this.#server.on('connection', (socket) => void this.#greet(socket));
  }

  /** In place of the twin's own gateway. */
  static async before(twin: Twin, { heartbeatMs = 45_000 } = {}): Promise<FakeGateway> {
    const fake = new FakeGateway(twin, heartbeatMs);
    await once(fake.#server, 'listening');
    twin.gateway.broadcast = (event, data) => fake.#dispatch(event, data);
    twin.front.intercept(({ path }) =>
      path === '/gateway/bot'
        ? {
            status: 200,
            body: {
              url: fake.#url,
              shards: 1,
              session_start_limit: {
                total: 1000,
                remaining: 999,
                reset_after: 14_400_000,
                max_concurrency: 1,
              },
            },
          }
        : undefined,
    );
    return fake;
  }

  async close(): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Drops all connections without a word, and greets nobody until something is done. */
  async whileDown(work: () => Promise<void>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#open = promise;
    for (const socket of this.#server.clients) socket.terminate();
    try {
      await work();
    } finally {
      resolve();
    }
  }

  /** Wants bots to connect anew and to resume. */
  askToReconnect(): void {
    for (const socket of this.#server.clients)
      send(socket, { op: GatewayOpcodes.Reconnect, d: null });
  }

  /** Says nothing more on the connections that there are, as when a line is dead and nobody noticed. */
  fallSilent(): void {
    for (const socket of this.#server.clients) this.#silent.add(socket);
  }

  /** Who wants to resume has to identify anew. */
  forgetSessions(): void {
    this.#sessions.clear();
  }

  /** Tells bots in the middle that their sessions are not valid any more. */
  invalidateSessions(): void {
    this.forgetSessions();
    for (const socket of this.#server.clients) this.#refuse(socket);
  }

  get #url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async #greet(socket: WebSocket): Promise<void> {
    await this.#open;
    socket.on('message', (raw) => this.#take(socket, String(raw)));
    socket.on('close', (code) => this.#ended(socket, code));
    send(socket, { op: GatewayOpcodes.Hello, d: { heartbeat_interval: this.#heartbeatMs } });
  }

  #take(socket: WebSocket, raw: string): void {
    if (this.#silent.has(socket)) return;
    const received = receivedSchema.safeParse(JSON.parse(raw)).data;
    if (received === undefined) socket.close(GatewayCloseCodes.DecodeError);
    else if (received.op === GatewayOpcodes.Heartbeat)
      send(socket, { op: GatewayOpcodes.HeartbeatAck, d: null });
    else if (received.d.token !== this.#twin.digital.botToken)
      socket.close(GatewayCloseCodes.AuthenticationFailed);
    else if (received.op === GatewayOpcodes.Identify) this.#identify(socket);
    else this.#resume(socket, received.d);
  }

  #identify(socket: WebSocket): void {
    this.counts.identified += 1;
    const { guildId, botId, channelIds } = this.#twin;
    const session: Session = { id: generateSnowflake(), dispatched: [], socket };
    this.#sessions.set(session.id, session);
    const user = { id: botId, username: 'vistazo', discriminator: '0', avatar: null, bot: true };
    tell(session, GatewayDispatchEvents.Ready, {
      v: 10,
      user,
      guilds: [{ id: guildId, unavailable: true }],
      session_id: session.id,
      resume_gateway_url: this.#url,
      application: { id: botId, flags: 0 },
    });
    tell(session, GatewayDispatchEvents.GuildCreate, {
      id: guildId,
      name: 'A server',
      owner_id: this.#twin.ana,
      preferred_locale: 'en-US',
      features: [],
      roles: [
        {
          id: guildId,
          name: '@everyone',
          permissions: String(PermissionsBitField.Default),
          position: 0,
        },
      ],
      channels: channelIds.map((id) => ({ id, type: 0, name: 'general', guild_id: guildId })),
      members: [{ user, roles: [], joined_at: new Date().toISOString() }],
      member_count: 3,
      unavailable: false,
    });
  }

  #resume(socket: WebSocket, { session_id, seq }: { session_id: string; seq: number }): void {
    const session = this.#sessions.get(session_id);
    if (session === undefined) {
      this.#refuse(socket);
      return;
    }
    this.counts.resumed += 1;
    session.socket = socket;
    for (const dispatch of session.dispatched)
      if (dispatch.s > seq) send(socket, { op: GatewayOpcodes.Dispatch, ...dispatch });
    tell(session, GatewayDispatchEvents.Resumed, {});
  }

  #refuse(socket: WebSocket): void {
    this.counts.invalid += 1;
    send(socket, { op: GatewayOpcodes.InvalidSession, d: false });
  }

  /** A session lives on, unless the bot itself said that it goes. */
  #ended(socket: WebSocket, code: number): void {
    for (const session of this.#sessions.values()) {
      if (session.socket !== socket) continue;
      session.socket = undefined;
      if (code === 1000 || code === 1001) this.#sessions.delete(session.id);
    }
  }

  #dispatch(event: string, data: unknown): void {
    for (const session of this.#sessions.values())
      if (session.socket !== undefined && this.#silent.has(session.socket))
        keep(session, event, data);
      else tell(session, event, data);
  }
}

function keep(session: Session, t: string, d: unknown): Dispatch {
  const dispatch = { s: session.dispatched.length + 1, t, d };
  session.dispatched.push(dispatch);
  return dispatch;
}

function tell(session: Session, event: string, data: unknown): void {
  const dispatch = keep(session, event, data);
  if (session.socket !== undefined)
    send(session.socket, { op: GatewayOpcodes.Dispatch, ...dispatch });
}

function send(socket: WebSocket, payload: { op: GatewayOpcodes; d: unknown }): void {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(payload));
}
