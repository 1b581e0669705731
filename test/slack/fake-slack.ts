import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { appMethods, uninstall } from './fake/app-methods.ts';
import { AssistantThreads } from './fake/assistant-threads.ts';
import { chatMethods } from './fake/chat-methods.ts';
import { conversationMethods } from './fake/conversation-methods.ts';
import { fileMethods } from './fake/file-methods.ts';
import { HostedFiles } from './fake/hosted-files.ts';
import { HttpEvents } from './fake/http-events.ts';
import { Interactions } from './fake/interactions.ts';
import { OAuth } from './fake/oauth-methods.ts';
import { Outbox } from './fake/outbox.ts';
import { People } from './fake/people.ts';
import { ResponseAddresses } from './fake/response-addresses.ts';
import { SocketMode } from './fake/socket-mode.ts';
import { streamMethods } from './fake/stream-methods.ts';
import { toldOf, viewMethods } from './fake/view-methods.ts';
import { bodyOf, WebApi } from './fake/web-api.ts';
import { type Installation, type SlackMessage, type Team, Workspace } from './fake/workspace.ts';

/** What an event needs of scopes, so that the app is told of it; those of messages hang on the channel. */
const scopeOfEvent: Record<string, string> = {
  app_mention: 'app_mentions:read',
  file_shared: 'files:read',
  file_deleted: 'files:read',
  reaction_added: 'reactions:read',
  assistant_thread_started: 'assistant:write',
  assistant_thread_context_changed: 'assistant:write',
};
const historyScopes: Record<string, string> = {
  channel: 'channels:history',
  group: 'groups:history',
  im: 'im:history',
  mpim: 'mpim:history',
};

/**
 * A fake of what an app needs of Slack, on loopback: workspaces with people, channels and files, the Web API with
 * its limits, Socket Mode, events over HTTP. It speaks Slack's protocol as documented at https://docs.slack.dev
 * and refuses what Slack refuses. It is no Slack.
 */
export class FakeSlack {
  readonly appToken = 'xapp-not-slack-1';
  readonly world = new Workspace();
  readonly outbox = new Outbox();
  readonly socket = new SocketMode(this.outbox, this.world.appId);
  readonly files = new HostedFiles(this.world, () => this.origin);
  readonly people = new People(this.world, this.files);
  readonly http = new HttpEvents(this.outbox);
  readonly oauth = new OAuth(this.world);
  readonly #addresses = new ResponseAddresses(
    this.world,
    () => this.origin,
    (breach) => this.brokenLimits.push(breach),
  );
  readonly interactions = new Interactions(this.world, this.outbox, this.#addresses, (breach) =>
    this.api.brokenLimits.push(breach),
  );
  readonly assistant = new AssistantThreads(this.world);
  readonly streams = this.world.streamLife;
  readonly api: WebApi;
  /** The workspace that is there from the beginning, with the app in it. */
  readonly team: Team;
  readonly bot: Installation;
  readonly #server: Server;

  constructor() {
    this.team = this.world.addTeam('Fake');
    this.bot = this.world.install(this.team.id);
    this.api = new WebApi(this.world, {
      ...appMethods(this.world, {
        appToken: this.appToken,
        issueSocketUrl: () => this.socket.issueUrl(this.origin),
      }),
      ...chatMethods(this.world),
      ...conversationMethods(this.world),
      ...streamMethods(this.world),
      ...fileMethods(this.world, this.files, () => this.origin),
      ...viewMethods(this.world, this.interactions.triggers),
      ...this.oauth.methods(),
    });
    this.world.tell = (teamId, event) => this.tell(event, teamId);
    this.outbox.transport = (attempt) =>
      this.http.url === '' ? this.socket.send(attempt) : this.http.send(attempt);
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        this.api.brokenLimits.push(`the fake itself failed: ${error}`);
        response.writeHead(500).end(String(error));
      });
    });
    this.#server.on('upgrade', (...upgrade) => this.socket.upgrade(...upgrade));
  }

  static async start(): Promise<FakeSlack> {
    const fake = new FakeSlack();
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  /** Ends it; throws where the app broke limits that Slack documents. */
  async stop(): Promise<void> {
    this.outbox.stop();
    this.socket.stop();
    this.http.stop();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    if (this.brokenLimits.length > 0)
      throw new Error(`Slack would have refused:\n${this.brokenLimits.join('\n')}`);
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What was wrong with calls that Slack would refuse however often they come; `stop` throws where there is any. */
  get brokenLimits(): string[] {
    return this.api.brokenLimits;
  }

  /** The option `slackApiUrl` of clients. */
  get apiUrl(): string {
    return `${this.origin}/api/`;
  }

  /** A person of the first workspace; gives the id. */
  addPerson(name: string, options: { locale?: string } = {}): string {
    return this.world.addUser(this.team.id, name, options).id;
  }

  /** A channel of the first workspace with these people and, unless it says otherwise, the bot; gives the id. */
  addChannel(
    name: string,
    people: readonly string[],
    options: { type?: 'channel' | 'group' | 'mpim'; withBot?: boolean } = {},
  ): string {
    const { type = 'channel', withBot = true } = options;
    const members = withBot ? [...people, this.bot.botUserId] : people;
    return this.world.addChannel(this.team.id, name, { type, members }).id;
  }

  /** The direct messages of a person with the bot; gives the channel's id. */
  directMessages(person: string): string {
    return this.world.directMessages(this.team.id, person).id;
  }

  /** What everybody in a channel sees, or in a thread with its root, oldest first. */
  messages(channel: string, threadTs?: string): SlackMessage[] {
    return this.world.postsIn(channel, threadTs).map(({ message }) => message);
  }

  /** What one person alone sees. */
  ephemeral(person: string): SlackMessage[] {
    return this.world.posts
      .filter(({ onlyFor }) => onlyFor === person)
      .map(({ message }) => message);
  }

  /** The topmost modal that a person sees, as Slack tells of it. */
  openView(person: string): Record<string, unknown> | undefined {
    const view = this.interactions.openView(person);
    return view && toldOf(this.world, view);
  }

  /** The app's home as a person sees it. */
  homeOf(person: string): Record<string, unknown> | undefined {
    const view = this.interactions.homeOf(person);
    return view && toldOf(this.world, view);
  }

  /** What an assistant thread shows besides messages. */
  statusOf(
    channel: string,
    threadTs: string,
  ): { status?: string; title?: string; prompts?: unknown } {
    return this.world.threads.get(`${channel} ${threadTs}`) ?? {};
  }

  /** The app sends no events over sockets but to this address, signed. */
  sendEventsTo(url: string): void {
    this.http.url = url;
    this.outbox.resume();
  }

  /** Another workspace, without the app, in which a person may install it. */
  addTeam(name: string): { teamId: string; person: string } {
    const { id } = this.world.addTeam(name);
    return { teamId: id, person: this.world.addUser(id, 'an admin').id };
  }

  /** Somebody takes the app out of a workspace. */
  uninstall(teamId = this.team.id): void {
    uninstall(this.world, teamId);
  }

  /** Tells the app of an event where its scopes let it know of such. */
  tell(event: Record<string, unknown>, teamId = this.team.id): void {
    const installation = this.world.installationOf(teamId);
    const needed =
      event.type === 'message'
        ? historyScopes[String(event.channel_type)]
        : scopeOfEvent[String(event.type)];
    if (needed !== undefined && !installation.scopes.has(needed)) return;
    const isAboutEnd = event.type === 'tokens_revoked' || event.type === 'app_uninstalled';
    if (installation.state !== 'active' && !isAboutEnd) return;
    this.outbox.send('events_api', {
      token: 'fake',
      team_id: teamId,
      context_team_id: teamId,
      api_app_id: this.world.appId,
      event: structuredClone(event),
      type: 'event_callback',
      event_id: this.world.nextId('Ev'),
      event_time: Math.floor(Date.now() / 1000),
      authorizations: [
        {
          enterprise_id: null,
          team_id: teamId,
          user_id: installation.botUserId,
          is_bot: true,
          is_enterprise_install: false,
        },
      ],
      is_ext_shared_channel: false,
      event_context: '4-fake',
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://fake');
    if (pathname.startsWith('/api/'))
      return this.api.answer(pathname.slice('/api/'.length), request, response);
    if (pathname.startsWith('/files-pri/'))
      return this.files.answer(pathname, this.api.callerOf(request), response);
    if (pathname.startsWith('/upload/v1/')) {
      const id = pathname.slice('/upload/v1/'.length);
      this.files.fill(id, await fileIn(request));
      return void response.end(`OK - ${this.files.bytesOf(id).length}`);
    }
    if (pathname.startsWith('/actions/')) {
      const { status, text } = this.#addresses.respond(
        pathname,
        JSON.parse(String(await bodyOf(request))),
      );
      return void response.writeHead(status).end(text);
    }
    if (pathname === '/oauth/v2/authorize') {
      const location = this.oauth.authorize(searchParams);
      if (location !== undefined) return void response.writeHead(302, { location }).end();
    }
    if (pathname === '/') return this.files.signIn(response);
    response.writeHead(404).end();
  }
}

/** The file in an upload, which comes bare or as a form. */
async function fileIn(request: IncomingMessage): Promise<Uint8Array> {
  const body = await bodyOf(request);
  const type = request.headers['content-type'] ?? '';
  if (!type.startsWith('multipart/form-data')) return body;
  const form = await new Response(new Uint8Array(body), {
    headers: { 'content-type': type },
  }).formData();
  for (const [, value] of form)
    if (typeof value !== 'string') return new Uint8Array(await value.arrayBuffer());
  throw new Error('an upload without a file');
}
