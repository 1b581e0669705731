import { tellChange, tellDeletion } from './chat-methods.ts';
import type { FileOptions, HostedFiles } from './hosted-files.ts';
import { toldOf } from './hosted-files.ts';
import {
  type Post,
  placeOf,
  type SlackFile,
  type SlackMessage,
  type Workspace,
} from './workspace.ts';

/** What a person posts. */
export interface PersonPost {
  channel: string;
  user: string;
  text?: string;
  /** Files that are shared with it: new ones, or some that were added before. */
  files?: readonly (FileOptions | SlackFile)[];
  threadTs?: string;
  /** Shared messages, unfurls. */
  attachments?: readonly unknown[];
  subtype?: string;
  /** Fields of Slack's in place of those that the message would have. */
  fields?: Partial<SlackMessage>;
}

/** What people do where others see it: posting, editing, deleting, reacting, sharing. The app is told of it. */
export class People {
  /** Whether `app_mention` comes before `message`; Slack keeps no order. Default false. */
  mentionsFirst = false;
  readonly #world: Workspace;
  readonly #files: HostedFiles;

  constructor(world: Workspace, files: HostedFiles) {
    this.#world = world;
    this.#files = files;
  }

  /** Posts a message; gives it. Tells of `message`, of `app_mention` where it mentions the bot, of `file_shared`. */
  post({ channel: id, user, text = '', threadTs, ...rest }: PersonPost): SlackMessage {
    const channel = this.#world.channel(id);
    const { teamId } = channel;
    const ts = this.#world.nextTs();
    const files = (rest.files ?? []).map((each) => this.#fileOf(teamId, user, each));
    const root = threadTs === undefined ? undefined : this.#world.postAt(id, threadTs);
    const message: SlackMessage = {
      type: 'message',
      user,
      text,
      ts,
      team: teamId,
      ...(files.length > 0 && { subtype: 'file_share', files: files.map(toldOf) }),
      ...(rest.subtype !== undefined && { subtype: rest.subtype }),
      ...(text !== '' && { blocks: [richTextOf(text)] }),
      ...(rest.attachments !== undefined && { attachments: [...rest.attachments] }),
      ...(threadTs !== undefined && { thread_ts: threadTs }),
      ...(root?.message.user !== undefined && { parent_user_id: root.message.user }),
      ...rest.fields,
    };
    this.#world.posts.push({ channelId: id, message });
    const tells = [
      () => this.#tellIn(id, { ...message, ...placeOf(channel), event_ts: ts }),
      () => this.#tellMention(id, message),
    ];
    for (const tell of this.mentionsFirst ? tells.reverse() : tells) tell();
    for (const file of files)
      this.#tellIn(id, {
        type: 'file_shared',
        file_id: file.id,
        file: { id: file.id },
        user_id: user,
        channel_id: id,
        event_ts: ts,
      });
    return message;
  }

  /** Shares files without words. */
  upload(post: Omit<PersonPost, 'text'>): SlackMessage {
    return this.post(post);
  }

  edit(channelId: string, ts: string, text: string): SlackMessage {
    const post = this.#postAt(channelId, ts);
    const previous = post.message;
    const edited = { user: String(previous.user), ts: this.#world.nextTs() };
    post.message = { ...previous, text, blocks: [richTextOf(text)], edited };
    tellChange(this.#world, post, previous);
    return post.message;
  }

  delete(channelId: string, ts: string): void {
    const post = this.#postAt(channelId, ts);
    this.#world.remove(post);
    tellDeletion(this.#world, post);
  }

  /** Slack adds previews of the links in a message, as a change that nobody made. */
  unfurl(channelId: string, ts: string, attachments: readonly unknown[]): void {
    const post = this.#postAt(channelId, ts);
    const previous = post.message;
    post.message = { ...previous, attachments: [...attachments] };
    tellChange(this.#world, post, previous);
  }

  /** Ends a stream with Slack's own button. */
  stopStream(channelId: string, ts: string): void {
    const { stream, message } = this.#postAt(channelId, ts);
    if (stream === undefined) throw new Error(`${ts} is no stream`);
    Object.assign(stream, { isOpen: false, isStopped: true });
    message.streaming_state = 'completed';
  }

  react(channelId: string, ts: string, user: string, name: string): void {
    const { message } = this.#postAt(channelId, ts);
    message.reactions ??= [];
    const { reactions } = message;
    const known = reactions.find((each) => each.name === name);
    if (known?.users.includes(user)) return;
    if (known === undefined) reactions.push({ name, users: [user], count: 1 });
    else known.count = known.users.push(user);
    this.#tellIn(channelId, {
      type: 'reaction_added',
      user,
      reaction: name,
      item: { type: 'message', channel: channelId, ts },
      item_user: message.user,
      event_ts: this.#world.nextTs(),
    });
  }

  /** Posts a message that shares another one, as "Share message" does. */
  share(from: { channel: string; ts: string }, post: PersonPost): SlackMessage {
    const { message } = this.#postAt(from.channel, from.ts);
    const shared = {
      ts: message.ts,
      author_id: message.user,
      channel_id: from.channel,
      channel_team: message.team,
      is_msg_unfurl: true,
      is_share: true,
      from_url: `https://fake.example/archives/${from.channel}/p${message.ts.replace('.', '')}`,
      text: message.text,
      fallback: message.text,
      author_name: this.#world.users.get(message.user ?? '')?.name,
      message_blocks: [
        {
          team: message.team,
          channel: from.channel,
          ts: message.ts,
          message: { blocks: message.blocks ?? [] },
        },
      ],
      mrkdwn_in: ['text'],
      ...(message.files !== undefined && { files: message.files }),
      ...(message.attachments !== undefined && { attachments: message.attachments }),
    };
    return this.post({ ...post, attachments: [...(post.attachments ?? []), shared] });
  }

  /** Brings somebody, such as the bot, into a channel. */
  join(channelId: string, userId: string): void {
    const channel = this.#world.channel(channelId);
    channel.members.add(userId);
    this.#tellIn(channelId, {
      type: 'member_joined_channel',
      user: userId,
      channel: channelId,
      channel_type: channel.type === 'channel' ? 'C' : 'G',
      team: channel.teamId,
      event_ts: this.#world.nextTs(),
    });
  }

  leave(channelId: string, userId: string): void {
    const channel = this.#world.channel(channelId);
    channel.members.delete(userId);
    this.#world.tell(channel.teamId, {
      type: 'member_left_channel',
      user: userId,
      channel: channelId,
      channel_type: channel.type === 'channel' ? 'C' : 'G',
      team: channel.teamId,
      event_ts: this.#world.nextTs(),
    });
  }

  #tellMention(id: string, message: SlackMessage): void {
    const channel = this.#world.channel(id);
    const { botUserId } = this.#world.installationOf(channel.teamId);
    if (channel.type === 'im' || !message.text.includes(`<@${botUserId}>`)) return;
    const { subtype: _, ...mention } = message;
    this.#tellIn(id, { ...mention, type: 'app_mention', channel: id, event_ts: message.ts });
  }

  /** The app is told only of channels that its bot is in. */
  #tellIn(channelId: string, event: Record<string, unknown>): void {
    const { teamId, members } = this.#world.channel(channelId);
    if (members.has(this.#world.installationOf(teamId).botUserId)) this.#world.tell(teamId, event);
  }

  #fileOf(teamId: string, user: string, file: FileOptions | SlackFile): SlackFile {
    return 'id' in file ? file : this.#files.add(teamId, { user, ...file });
  }

  #postAt(channelId: string, ts: string): Post {
    const post = this.#world.postAt(channelId, ts);
    if (post === undefined) throw new Error(`there is no message ${ts} in ${channelId}`);
    return post;
  }
}

function richTextOf(text: string): unknown {
  // Every second piece is a mark: `<@U1>`, `<https://example.org|this>`.
  const elements = text.split(/<([^<>]*)>/).flatMap((piece, index) => {
    if (index % 2 === 1) return [elementOf(piece)];
    return piece === '' ? [] : [{ type: 'text', text: unescaped(piece) }];
  });
  const section = { type: 'rich_text_section', elements };
  return { type: 'rich_text', block_id: 'typed', elements: [section] };
}

function elementOf(mark: string): unknown {
  const [target = '', label] = mark.split('|');
  if (target.startsWith('@')) return { type: 'user', user_id: target.slice(1) };
  if (target.startsWith('#')) return { type: 'channel', channel_id: target.slice(1) };
  return { type: 'link', url: unescaped(target), ...(label && { text: unescaped(label) }) };
}

function unescaped(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
