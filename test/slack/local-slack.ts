import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { freePort } from '../free-port.ts';

/** Why tests with local-slack cannot run here; undefined where they can. */
export const whyNoLocalSlack: string | undefined =
  binaryOf() === undefined
    ? 'the stand-in local-slack is there only for Linux on x64 (package local-slack-linux-x64)'
    : undefined;

/** An app as local-slack knows it. */
export interface LocalApp {
  appId: string;
  botUserId: string;
  botName: string;
  botToken: string;
  appToken: string;
  signingSecret: string;
  /** Default `socket`; with `events` it sends them to `requestUrl`. */
  mode?: 'socket' | 'events';
  requestUrl?: string;
}

/** A workspace as local-slack begins with. */
export interface LocalWorkspace {
  workspace: { name: string; domain: string; teamId: string };
  apps: LocalApp[];
  users: { id: string; name: string; real_name?: string }[];
  channels: { id: string; name: string; is_private?: boolean; members: string[] }[];
}

/** A workspace with one app, two people and two channels. */
export function localWorkspace(app: Partial<LocalApp> = {}): LocalWorkspace {
  const bot = {
    appId: 'A0VISTAZO00',
    botUserId: 'U0VISTAZO00',
    botName: 'vistazo',
    botToken: 'xoxb-local-slack',
    appToken: 'xapp-local-slack',
    signingSecret: 'local-slack-signing-secret',
    ...app,
  };
  const people = ['U0ANA000000', 'U0BEN000000'];
  return {
    workspace: { name: 'Local', domain: 'local', teamId: 'T0LOCAL0000' },
    apps: [bot],
    users: [
      { id: 'U0ANA000000', name: 'ana' },
      { id: 'U0BEN000000', name: 'ben' },
    ],
    channels: [
      { id: 'C0GENERAL00', name: 'general', members: [...people, bot.botUserId] },
      { id: 'C0SUPPORT00', name: 'support', members: [...people, bot.botUserId] },
    ],
  };
}

const messageSchema = z.looseObject({
  ts: z.string(),
  user: z.string().optional(),
  text: z.string().default(''),
  thread_ts: z.string().optional(),
  bot_id: z.string().optional(),
  subtype: z.string().optional(),
  ephemeral_to: z.string().optional(),
  blocks: z.array(z.looseObject({ type: z.string() })).optional(),
  files: z.array(z.looseObject({ id: z.string() })).optional(),
});

/** A message as local-slack keeps it. */
export type LocalMessage = z.output<typeof messageSchema>;

const logSchema = z.object({ log: z.array(z.looseObject({})) });
const initSchema = z.looseObject({
  t: z.literal('init'),
  state: z.looseObject({
    modalStack: z.array(z.looseObject({})).default([]),
    homeViews: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
  }),
});

/** Where a message goes. */
interface Place {
  channel: string;
  user: string;
  thread_ts?: string;
}

/**
 * A process of local-slack (https://github.com/parvalabs/local-slack), a stand-in for Slack that others wrote: Web
 * API, Socket Mode or signed events, files. Listens on loopback only.
 */
export class LocalSlack {
  readonly origin: string;
  readonly app: LocalApp;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, port: number, folder: string, app: LocalApp) {
    this.#child = child;
    this.#folder = folder;
    this.origin = `http://127.0.0.1:${port}`;
    this.app = app;
  }

  /** Starts it on a free port and waits until it answers; throws where it is not installed or does not start. */
  static async start(workspace = localWorkspace()): Promise<LocalSlack> {
    const binary = binaryOf();
    const [app] = workspace.apps;
    if (binary === undefined || app === undefined) throw new Error(whyNoLocalSlack ?? 'no app');
    const folder = await mkdtemp(join(tmpdir(), 'local-slack-'));
    const config = join(folder, 'workspace.json');
    await writeFile(config, JSON.stringify(workspace));
    const port = await freePort();
    const preload = fileURLToPath(new URL('loopback-only.mjs', import.meta.url));
    const child = spawn(
      binary,
      ['--config', config, '--port', String(port), '--base-host', '127.0.0.1'],
      {
        env: { HOME: folder, TMPDIR: folder, BUN_OPTIONS: `--preload ${preload}` },
        stdio: 'ignore',
      },
    );
    const local = new LocalSlack(child, port, folder, app);
    try {
      await local.#untilReady();
    } catch (error) {
      await local.stop();
      throw error;
    }
    return local;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await ended;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** The option `slackApiUrl` of clients. */
  get apiUrl(): string {
    return `${this.origin}/api/`;
  }

  get port(): number {
    return Number(new URL(this.origin).port);
  }

  /** Somebody posts a message. */
  async post(message: Place & { text: string }): Promise<LocalMessage> {
    const { message: posted } = await this.#control('message', message);
    return messageSchema.parse(posted);
  }

  /** Somebody shares files, with or without words. */
  async upload(
    { text = '', ...place }: Place & { text?: string },
    files: readonly { name: string; bytes: Uint8Array; type?: string }[],
  ): Promise<void> {
    const form = new FormData();
    for (const [key, value] of Object.entries({ ...place, text }))
      if (value !== '') form.append(key, value);
    for (const { name, bytes, type = 'image/png' } of files)
      form.append('file', new Blob([new Uint8Array(bytes)], { type }), name);
    await this.#control('upload', form);
  }

  async command(command: { channel: string; user: string; command: string; text?: string }) {
    await this.#control('command', command);
  }

  /** Somebody presses a button of a message. */
  async press(press: {
    channel: string;
    messageTs: string;
    user: string;
    action: Record<string, unknown>;
  }): Promise<void> {
    await this.#control('interact', press);
  }

  async openHome(user: string): Promise<void> {
    await this.#control('open-home', { user });
  }

  async react(reaction: { channel: string; ts: string; user: string; name: string }) {
    await this.#control('reaction', reaction);
  }

  async edit(message: { channel: string; ts: string; user: string; text: string }) {
    await this.#control('edit-message', message);
  }

  async delete(message: { channel: string; ts: string; user: string }): Promise<void> {
    await this.#control('delete-message', message);
  }

  /** What stands in a channel, its threads too, oldest first. */
  async messages(channel: string): Promise<LocalMessage[]> {
    const { messages } = await this.#control(`messages/${channel}`);
    return z.array(messageSchema).parse(messages);
  }

  /** What went to and fro. */
  async log(): Promise<Record<string, unknown>[]> {
    return logSchema.parse(await this.#control('log')).log;
  }

  async state(): Promise<Record<string, unknown>> {
    return this.#control('state');
  }

  /** Modals that are open, the topmost last, and homes by person and app, as the page of local-slack shows them. */
  async views(): Promise<z.output<typeof initSchema>['state']> {
    return this.#page(async (_, init) => init);
  }

  /** Somebody submits the topmost modal: values by block and action, as Slack tells of them. */
  async submit(user: string, values: Record<string, Record<string, unknown>>): Promise<void> {
    await this.#page(async (socket) => {
      await new Promise((sent) =>
        socket.send(JSON.stringify({ t: 'view_submit', user, values }), sent),
      );
    });
  }

  /** Does something as the page of local-slack does, over its own socket. */
  async #page<Result>(
    work: (socket: WebSocket, init: z.output<typeof initSchema>['state']) => Promise<Result>,
  ): Promise<Result> {
    const socket = new WebSocket(`${this.origin.replace('http', 'ws')}/ui`);
    try {
      const [raw] = await once(socket, 'message');
      return await work(socket, initSchema.parse(JSON.parse(String(raw))).state);
    } finally {
      socket.close();
    }
  }

  async #control(path: string, body?: object): Promise<Record<string, unknown>> {
    const isForm = body instanceof FormData;
    const response = await fetch(`${this.origin}/_control/${path}`, {
      ...(body !== undefined && {
        method: 'POST',
        body: isForm ? body : JSON.stringify(body),
        ...(!isForm && { headers: { 'content-type': 'application/json' } }),
      }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`local-slack refuses ${path}: ${text}`);
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  }

  async #untilReady(): Promise<void> {
    const deadlineMs = Date.now() + 30_000;
    for (;;) {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null)
        throw new Error('local-slack ended before it was ready');
      const isReady = await this.state().then(
        () => true,
        () => false,
      );
      if (isReady) return;
      if (Date.now() > deadlineMs) throw new Error('local-slack was not ready within 30 s');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function binaryOf(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve('local-slack-linux-x64/bin/local-slack');
  } catch {
    return undefined;
  }
}
