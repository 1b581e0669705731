import { z } from 'zod';
import { named } from './blocks.ts';
import { checkFilesIn } from './files-in-blocks.ts';
import { checkBlocks, checkLength, checkMetadata } from './message-limits.ts';
import { channelFor, flag, type Method, method, Refusal } from './methods.ts';
import {
  type Installation,
  type Post,
  placeOf,
  type SlackMessage,
  type Workspace,
} from './workspace.ts';

const content = {
  text: z.string().optional(),
  blocks: z.array(z.unknown()).optional(),
  attachments: z.array(z.unknown()).max(100).optional(),
  markdown_text: z.string().optional(),
  metadata: z.unknown().optional(),
  link_names: flag.optional(),
  parse: z.enum(['none', 'full']).optional(),
};
const contentSchema = z.object(content);
type Content = z.output<typeof contentSchema>;

const post = z.object({
  ...content,
  channel: z.string(),
  thread_ts: z.string().optional(),
  reply_broadcast: flag.optional(),
  unfurl_links: flag.optional(),
  unfurl_media: flag.optional(),
  mrkdwn: flag.optional(),
});

/** Of `chat.postMessage`, `chat.update`, `chat.delete`, `chat.postEphemeral` and `chat.getPermalink`. */
export function chatMethods(world: Workspace): Record<string, Method> {
  const scopes = ['chat:write'];
  return {
    'chat.postMessage': method(post, scopes, (args, caller) => {
      const channel = channelFor(world, caller, args.channel);
      checkContent(args, 40_000);
      checkFilesIn(world, caller, args.blocks);
      const thread = rootOf(world, channel.id, args.thread_ts);
      const message: SlackMessage = {
        ...byBot(world, caller),
        ...contentOf(world, args),
        ts: world.nextTs(),
        ...(thread !== undefined && { thread_ts: thread }),
      };
      world.posts.push({ channelId: channel.id, message });
      if (thread !== undefined) world.endStatus(channel.id, thread);
      world.tell(caller.teamId, { ...message, ...placeOf(channel), event_ts: message.ts });
      return { channel: channel.id, ts: message.ts, message };
    }),

    'chat.update': method(
      z.object({ ...content, channel: z.string(), ts: z.string() }),
      scopes,
      (args, caller) => {
        const channel = channelFor(world, caller, args.channel);
        const found = ownPost(world, caller, channel.id, args.ts, 'cant_update_message');
        checkContent(args, 4000);
        if (world.isStreaming(found)) throw new Refusal('streaming_state_conflict');
        const { blocks, attachments, metadata } = found.message;
        const previous = found.message;
        // What is not sent stays; a text without blocks takes the blocks away.
        found.message = {
          ...previous,
          ...(blocks !== undefined && args.text === undefined && { blocks }),
          ...(attachments !== undefined && { attachments }),
          ...(metadata !== undefined && { metadata }),
          ...contentOf(world, args),
          edited: { user: caller.botUserId, ts: world.nextTs() },
        };
        if (args.blocks === undefined && args.text !== undefined) delete found.message.blocks;
        tellChange(world, found, previous);
        return {
          channel: channel.id,
          ts: args.ts,
          text: found.message.text,
          message: found.message,
        };
      },
    ),

    'chat.delete': method(
      z.object({ channel: z.string(), ts: z.string() }),
      scopes,
      (args, caller) => {
        const channel = channelFor(world, caller, args.channel);
        const found = ownPost(world, caller, channel.id, args.ts, 'cant_delete_message');
        if (world.isStreaming(found)) throw new Refusal('cant_delete_message');
        world.remove(found);
        tellDeletion(world, found);
        return { channel: channel.id, ts: args.ts };
      },
    ),

    'chat.postEphemeral': method(
      z.object({
        ...content,
        channel: z.string(),
        user: z.string(),
        thread_ts: z.string().optional(),
      }),
      scopes,
      (args, caller) => {
        const channel = channelFor(world, caller, args.channel);
        checkContent(args, 40_000);
        if (!channel.members.has(args.user)) throw new Refusal('user_not_in_channel');
        const message: SlackMessage = {
          ...byBot(world, caller),
          ...contentOf(world, args),
          ts: world.nextTs(),
          ...(args.thread_ts !== undefined && { thread_ts: args.thread_ts }),
        };
        world.posts.push({ channelId: channel.id, message, onlyFor: args.user });
        return { message_ts: message.ts };
      },
    ),

    'chat.getPermalink': method(
      z.object({ channel: z.string(), message_ts: z.string() }),
      [],
      (args, caller) => {
        const { id } = channelFor(world, caller, args.channel, { asMember: false });
        if (world.postAt(id, args.message_ts) === undefined) throw new Refusal('message_not_found');
        const permalink = `https://fake.example/archives/${id}/p${args.message_ts.replace('.', '')}`;
        return { channel: id, permalink };
      },
    ),
  };
}

/** Throws what Slack answers to text, blocks, attachments or metadata that it does not take. */
export function checkContent(args: Content, maxTextLength: number): void {
  const { text, blocks, attachments, markdown_text, metadata } = args;
  if (!text && !blocks?.length && !attachments?.length && !markdown_text)
    throw new Refusal('no_text', { breach: 'an empty message' });
  if (markdown_text !== undefined && (text ?? blocks) !== undefined)
    throw new Refusal('markdown_text_conflict', { breach: 'markdown_text with text or blocks' });
  checkLength(text, maxTextLength);
  checkLength(markdown_text, 12_000);
  if (blocks !== undefined) checkBlocks(blocks);
  if (metadata !== undefined) checkMetadata(metadata);
}

/** The fields of a message that the bot posts. */
export function byBot(world: Workspace, { botUserId, botId, teamId }: Installation) {
  return {
    type: 'message' as const,
    user: botUserId,
    bot_id: botId,
    app_id: world.appId,
    team: teamId,
    text: '',
  };
}

/** What of the arguments stays in the message; Markdown is kept as the text that it is. */
export function contentOf(
  world: Workspace,
  { text, markdown_text, blocks, attachments, metadata }: Content,
) {
  return {
    ...((text ?? markdown_text) !== undefined && { text: text ?? markdown_text ?? '' }),
    ...(blocks !== undefined && { blocks: named(world, blocks) }),
    ...(attachments !== undefined && { attachments }),
    ...(metadata !== undefined && { metadata }),
  };
}

/** The root of the thread that a message is in, for an answer there. */
export function rootOf(world: Workspace, channelId: string, threadTs: string | undefined) {
  if (threadTs === undefined) return undefined;
  const found = world.postAt(channelId, threadTs);
  return found?.message.thread_ts ?? threadTs;
}

/** A message of the bot; throws `message_not_found`, or what is said where it is somebody else's. */
export function ownPost(
  world: Workspace,
  { botUserId }: Installation,
  channelId: string,
  ts: string,
  otherwise: string,
): Post {
  const found = world.postAt(channelId, ts);
  if (found === undefined || found.onlyFor !== undefined) throw new Refusal('message_not_found');
  if (found.message.user !== botUserId) throw new Refusal(otherwise);
  return found;
}

/** Tells of a message that is not what it was. */
export function tellChange(world: Workspace, { channelId, message }: Post, previous: SlackMessage) {
  const ts = world.nextTs();
  world.tell(world.channel(channelId).teamId, {
    type: 'message',
    subtype: 'message_changed',
    hidden: true,
    message,
    previous_message: previous,
    ...placeOf(world.channel(channelId)),
    ts,
    event_ts: ts,
  });
}

/** Tells of a message that is gone. */
export function tellDeletion(world: Workspace, { channelId, message }: Post) {
  const ts = world.nextTs();
  world.tell(world.channel(channelId).teamId, {
    type: 'message',
    subtype: 'message_deleted',
    hidden: true,
    deleted_ts: message.ts,
    previous_message: message,
    ...placeOf(world.channel(channelId)),
    ts,
    event_ts: ts,
  });
}
