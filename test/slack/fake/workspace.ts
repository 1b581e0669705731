/** What a channel is: public, private, a direct message, a direct message of several. */
export type ChannelType = 'channel' | 'group' | 'im' | 'mpim';

/** An app in a workspace. Taking a scope away, or a state that is not `active`, makes calls fail as at Slack. */
export interface Installation {
  readonly teamId: string;
  readonly botToken: string;
  readonly botUserId: string;
  readonly botId: string;
  readonly scopes: Set<string>;
  state: 'active' | 'token_revoked' | 'account_inactive';
}

export interface Team {
  readonly id: string;
  readonly name: string;
}

export interface User {
  readonly id: string;
  readonly teamId: string;
  readonly name: string;
  readonly isBot: boolean;
  readonly locale: string;
}

export interface Channel {
  readonly id: string;
  readonly teamId: string;
  readonly name: string;
  readonly type: ChannelType;
  readonly members: Set<string>;
  isArchived: boolean;
}

/** A file as Slack tells of it; the names are Slack's. */
export interface SlackFile {
  id: string;
  [field: string]: unknown;
}

/** A message as Slack tells of it; the names are Slack's. */
export interface SlackMessage {
  type: 'message';
  ts: string;
  text: string;
  user?: string;
  bot_id?: string;
  app_id?: string;
  team?: string;
  subtype?: string;
  thread_ts?: string;
  parent_user_id?: string;
  blocks?: unknown[];
  attachments?: unknown[];
  files?: SlackFile[];
  metadata?: unknown;
  edited?: { user: string; ts: string };
  reactions?: { name: string; users: string[]; count: number }[];
  reply_count?: number;
  /** Of messages that were streamed. */
  streaming_state?: 'in_progress' | 'completed' | 'errored';
}

/** A message that somebody sees where it was posted, and the call's arguments where a bot posted it. */
export interface Post {
  readonly channelId: string;
  message: SlackMessage;
  /** Who alone sees it; undefined where all do. */
  readonly onlyFor?: string;
  /** While it is streamed, and what it is made of: text or chunks. */
  stream?: {
    mode: 'text' | 'chunks' | undefined;
    isOpen: boolean;
    /** Whether a person ended it with Slack's button. */
    isStopped: boolean;
    startedMs: number;
    lastMs: number;
    chunks: unknown[];
  };
}

/** How long streams last. */
export interface StreamLife {
  /** A stream ends that got nothing for so long. Default 300,000 ms, about what Slack does. */
  idleMs: number;
  /** A stream ends that long after it began, whatever it gets. Default 306,000 ms, about what Slack does. */
  totalMs: number;
}

/** A modal or a home as it was opened, with what Slack adds. */
export interface OpenView {
  id: string;
  hash: string;
  teamId: string;
  userId: string;
  view: Record<string, unknown>;
}

/** What the bot may do in a workspace where no test took anything away. */
export const allScopes = [
  'app_mentions:read',
  'assistant:write',
  'channels:history',
  'channels:join',
  'channels:read',
  'chat:write',
  'commands',
  'files:read',
  'files:write',
  'groups:history',
  'groups:read',
  'im:history',
  'im:read',
  'im:write',
  'mpim:history',
  'mpim:read',
  'reactions:read',
  'reactions:write',
  'team:read',
  'users:read',
] as const;

/** Everything that is there: workspaces, people, channels, what was posted in them, files and views. */
export class Workspace {
  readonly appId = 'A0VISTAZO00';
  readonly teams = new Map<string, Team>();
  readonly installations: Installation[] = [];
  readonly users = new Map<string, User>();
  readonly channels = new Map<string, Channel>();
  readonly posts: Post[] = [];
  readonly files = new Map<string, SlackFile>();
  readonly modals: OpenView[] = [];
  readonly homes: OpenView[] = [];
  /** By channel and thread: what `assistant.threads.*` set. */
  readonly threads = new Map<string, { status?: string; title?: string; prompts?: unknown }>();
  readonly streamLife: StreamLife = { idleMs: 300_000, totalMs: 306_000 };
  /** Tells an installed app of an event. */
  tell: (teamId: string, event: Record<string, unknown>) => void = () => {};
  #lastMicros = 0;
  #ids = 0;

  /** A time stamp as messages have them, later than all before. */
  nextTs(): string {
    this.#lastMicros = Math.max(this.#lastMicros + 1, Date.now() * 1000);
    return `${Math.floor(this.#lastMicros / 1e6)}.${String(this.#lastMicros % 1e6).padStart(6, '0')}`;
  }

  /** An id of Slack's form, such as `F0000000012`. */
  nextId(letters: string): string {
    this.#ids += 1;
    return `${letters}${String(this.#ids).padStart(10, '0')}`;
  }

  addTeam(name: string): Team {
    const team = { id: this.nextId('T'), name };
    this.teams.set(team.id, team);
    return team;
  }

  /** The app comes into a workspace, with a bot user and a token. */
  install(teamId: string, scopes: Iterable<string> = allScopes): Installation {
    const bot = this.addUser(teamId, 'vistazo', { isBot: true });
    const installation: Installation = {
      teamId,
      botToken: `xoxb-not-slack-${teamId}-${this.nextId('')}`,
      botUserId: bot.id,
      botId: this.nextId('B'),
      scopes: new Set(scopes),
      state: 'active',
    };
    this.installations.push(installation);
    return installation;
  }

  addUser(teamId: string, name: string, { isBot = false, locale = 'en-US' } = {}): User {
    const user = { id: this.nextId('U'), teamId, name, isBot, locale };
    this.users.set(user.id, user);
    return user;
  }

  addChannel(
    teamId: string,
    name: string,
    { type = 'channel', members = [] }: { type?: ChannelType; members?: Iterable<string> } = {},
  ): Channel {
    const id = this.nextId(type === 'im' ? 'D' : type === 'channel' ? 'C' : 'G');
    const channel = { id, teamId, name, type, members: new Set(members), isArchived: false };
    this.channels.set(id, channel);
    return channel;
  }

  /** The direct messages between a person and the bot. */
  directMessages(teamId: string, userId: string): Channel {
    const { botUserId } = this.installationOf(teamId);
    for (const channel of this.channels.values())
      if (channel.type === 'im' && channel.members.has(userId) && channel.members.has(botUserId))
        return channel;
    return this.addChannel(teamId, '', { type: 'im', members: [userId, botUserId] });
  }

  /** The latest installation of the app in a workspace; throws where there is none. */
  installationOf(teamId: string): Installation {
    const found = this.installations.findLast((each) => each.teamId === teamId);
    if (found === undefined) throw new Error(`the app is not in the workspace ${teamId}`);
    return found;
  }

  channel(id: string): Channel {
    const channel = this.channels.get(id);
    if (channel === undefined) throw new Error(`there is no channel ${id}`);
    return channel;
  }

  user(id: string): User {
    const user = this.users.get(id);
    if (user === undefined) throw new Error(`there is no user ${id}`);
    return user;
  }

  postAt(channelId: string, ts: string): Post | undefined {
    return this.posts.find((post) => post.channelId === channelId && post.message.ts === ts);
  }

  /** Messages that everyone in the channel sees: the thread's root and replies, or all, oldest first. */
  postsIn(channelId: string, threadTs?: string): Post[] {
    return this.posts.filter(
      ({ channelId: at, onlyFor, message }) =>
        at === channelId &&
        onlyFor === undefined &&
        (threadTs === undefined || message.ts === threadTs || message.thread_ts === threadTs),
    );
  }

  /** Whether a message is being streamed; one that is too old is not any more. */
  isStreaming({ stream, message }: Post): boolean {
    if (!stream?.isOpen) return false;
    const { idleMs, totalMs } = this.streamLife;
    const nowMs = Date.now();
    if (nowMs - stream.lastMs <= idleMs && nowMs - stream.startedMs <= totalMs) return true;
    stream.isOpen = false;
    message.streaming_state = 'errored';
    return false;
  }

  /** An answer in a thread ends the status that was shown there. */
  endStatus(channelId: string, threadTs: string): void {
    const thread = this.threads.get(`${channelId} ${threadTs}`);
    if (thread !== undefined) thread.status = '';
  }

  remove(post: Post): void {
    this.posts.splice(this.posts.indexOf(post), 1);
  }
}

/** The fields of an event that say where a message is. */
export function placeOf(channel: Channel): { channel: string; channel_type: ChannelType } {
  return { channel: channel.id, channel_type: channel.type };
}
