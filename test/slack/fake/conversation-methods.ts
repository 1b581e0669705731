import { z } from 'zod';
import { channelFor, flag, type Method, method, Refusal, scopeByChannel } from './methods.ts';
import type { Channel, Post, SlackMessage, User, Workspace } from './workspace.ts';

const page = {
  channel: z.string(),
  latest: z.string().optional(),
  oldest: z.string().optional(),
  inclusive: flag.optional(),
  include_all_metadata: flag.optional(),
  limit: z.coerce.number().int().min(1).max(999).optional(),
  cursor: z.string().optional(),
};

/** Of `conversations.*`, `users.info`, `team.info`, `bots.info` and `reactions.add`. */
export function conversationMethods(world: Workspace): Record<string, Method> {
  return {
    'conversations.replies': method(
      z.object({ ...page, ts: z.string() }),
      scopeByChannel(world, 'history'),
      (args, caller) => {
        const channel = channelFor(world, caller, args.channel, { asMember: false });
        const root = world.postAt(channel.id, args.ts);
        if (root === undefined) throw new Refusal('thread_not_found');
        const posts = world.postsIn(channel.id, root.message.thread_ts ?? args.ts);
        return pageOf(world, posts, args);
      },
    ),

    'conversations.history': method(
      z.object(page),
      scopeByChannel(world, 'history'),
      (args, caller) => {
        const channel = channelFor(world, caller, args.channel, { asMember: false });
        if (!channel.members.has(caller.botUserId)) throw new Refusal('not_in_channel');
        const posts = world
          .postsIn(channel.id)
          .filter(({ message }) => (message.thread_ts ?? message.ts) === message.ts);
        return pageOf(world, posts.reverse(), args);
      },
    ),

    'conversations.info': method(
      z.object({ channel: z.string(), include_num_members: flag.optional() }),
      scopeByChannel(world, 'read'),
      (args, caller) => ({
        channel: channelOf(
          channelFor(world, caller, args.channel, { asMember: false }),
          caller.botUserId,
        ),
      }),
    ),

    'conversations.open': method(
      z.object({ users: z.string(), return_im: flag.optional() }),
      ['im:write'],
      ({ users }, caller) => {
        if (world.users.get(users)?.teamId !== caller.teamId) throw new Refusal('user_not_found');
        return { channel: { id: world.directMessages(caller.teamId, users).id } };
      },
    ),

    'conversations.join': method(
      z.object({ channel: z.string() }),
      ['channels:join'],
      (args, caller) => {
        const channel = channelFor(world, caller, args.channel, { asMember: false });
        if (channel.type !== 'channel') throw new Refusal('method_not_supported_for_channel_type');
        if (channel.isArchived) throw new Refusal('is_archived');
        channel.members.add(caller.botUserId);
        return { channel: channelOf(channel, caller.botUserId) };
      },
    ),

    'users.info': method(
      z.object({ user: z.string(), include_locale: flag.optional() }),
      ['users:read'],
      (args, caller) => {
        const user = world.users.get(args.user);
        if (user === undefined || user.teamId !== caller.teamId)
          throw new Refusal('user_not_found');
        return { user: userOf(user, args.include_locale === true) };
      },
    ),

    'team.info': method(z.object({ team: z.string().optional() }), ['team:read'], (_, caller) => {
      const team = world.teams.get(caller.teamId);
      return { team: { id: caller.teamId, name: team?.name, domain: 'fake' } };
    }),

    'bots.info': method(z.object({ bot: z.string() }), ['users:read'], ({ bot }) => {
      const found = world.installations.find(({ botId }) => botId === bot);
      if (found === undefined) throw new Refusal('bot_not_found');
      const { botId, botUserId } = found;
      return {
        bot: {
          id: botId,
          user_id: botUserId,
          app_id: world.appId,
          name: 'vistazo',
          deleted: false,
        },
      };
    }),

    'reactions.add': method(
      z.object({ channel: z.string(), timestamp: z.string(), name: z.string() }),
      ['reactions:write'],
      (args, caller) => {
        const channel = channelFor(world, caller, args.channel);
        const post = world.postAt(channel.id, args.timestamp);
        if (post === undefined) throw new Refusal('message_not_found');
        post.message.reactions ??= [];
        const { reactions } = post.message;
        if (
          reactions.some(
            ({ name, users }) => name === args.name && users.includes(caller.botUserId),
          )
        )
          throw new Refusal('already_reacted');
        reactions.push({ name: args.name, users: [caller.botUserId], count: 1 });
        return {};
      },
    ),
  };
}

interface Page {
  latest?: string | undefined;
  oldest?: string | undefined;
  inclusive?: boolean | undefined;
  include_all_metadata?: boolean | undefined;
  limit?: number | undefined;
  cursor?: string | undefined;
}

function pageOf(world: Workspace, posts: readonly Post[], args: Page) {
  const { latest, oldest, inclusive = false, limit = 100, cursor = '' } = args;
  const within = posts.filter(({ message: { ts, thread_ts } }) => {
    // The root of a thread is always told.
    if (thread_ts === undefined && oldest !== undefined && posts[0]?.message.ts === ts) return true;
    const isNew = oldest === undefined || ts > oldest || (inclusive && ts === oldest);
    return isNew && (latest === undefined || ts < latest || (inclusive && ts === latest));
  });
  const from = cursor === '' ? 0 : Number(Buffer.from(cursor, 'base64').toString());
  const page = within.slice(from, from + limit);
  const hasMore = from + limit < within.length;
  return {
    messages: page.map((post) => messageOf(world, post, args.include_all_metadata === true)),
    has_more: hasMore,
    response_metadata: {
      next_cursor: hasMore ? Buffer.from(String(from + limit)).toString('base64') : '',
    },
  };
}

/** A message as histories tell of it. */
function messageOf(world: Workspace, { channelId, message }: Post, hasMetadata: boolean) {
  const { metadata, ...told } = message;
  const replies = world.postsIn(channelId, message.ts).slice(1);
  const thread: Partial<SlackMessage> =
    replies.length > 0 ? { thread_ts: message.ts, reply_count: replies.length } : {};
  return { ...told, ...thread, ...(hasMetadata && metadata !== undefined && { metadata }) };
}

function channelOf({ id, name, type, members, isArchived, teamId }: Channel, botUserId: string) {
  return {
    id,
    ...(name !== '' && { name, name_normalized: name }),
    is_channel: type === 'channel',
    is_group: type === 'group',
    is_im: type === 'im',
    is_mpim: type === 'mpim',
    is_private: type !== 'channel',
    is_archived: isArchived,
    is_member: members.has(botUserId),
    context_team_id: teamId,
    num_members: members.size,
    ...(type === 'im' && { user: [...members].find((user) => user !== botUserId) }),
  };
}

function userOf({ id, teamId, name, isBot, locale }: User, hasLocale: boolean) {
  return {
    id,
    team_id: teamId,
    name,
    real_name: name,
    deleted: false,
    is_bot: isBot,
    tz: 'Europe/Madrid',
    profile: { real_name: name, display_name: name },
    ...(hasLocale && { locale }),
  };
}
