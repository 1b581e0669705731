import { z } from 'zod';
import type { Channel, Installation, Workspace } from './workspace.ts';

/** What a method answers besides `ok`. */
export type Answer = Record<string, unknown>;

/** A method of the Web API. */
export interface Method {
  /** Of which the app needs one; by arguments where they depend on them. */
  readonly scopes: (args: Answer) => readonly string[];
  readonly run: (args: Answer, caller: Installation) => Answer | Promise<Answer>;
}

/** An error of a method, `ok: false`. */
export class Refusal extends Error {
  readonly code: string;
  readonly more: Answer;
  /** What a bot that obeys what Slack documents never gets; undefined where it may. */
  readonly breach: string | undefined;

  constructor(code: string, { breach, ...more }: Answer & { breach?: string } = {}) {
    super(code);
    this.code = code;
    this.more = more;
    this.breach = breach;
  }
}

/** A method whose arguments are read by a schema; what does not fit is `invalid_arguments`. */
export function method<Schema extends z.ZodType>(
  schema: Schema,
  scopes: Method['scopes'] | readonly string[],
  run: (args: z.output<Schema>, caller: Installation) => Answer | Promise<Answer>,
): Method {
  return {
    scopes: typeof scopes === 'function' ? scopes : () => scopes,
    run: (args, caller) => {
      const { data, error } = schema.safeParse(args);
      if (error !== undefined)
        throw new Refusal('invalid_arguments', { breach: z.prettifyError(error) });
      return run(data, caller);
    },
  };
}

/** A boolean, which forms send as text. */
export const flag = z.union([z.boolean(), z.stringbool()]);

/** Of a channel that the bot is to read or write in, as Slack looks for it; throws what Slack answers. */
export function channelFor(
  world: Workspace,
  { teamId, botUserId }: Installation,
  id: string,
  { asMember = true } = {},
): Channel {
  const direct = world.users.get(id);
  if (direct !== undefined && direct.teamId === teamId) return world.directMessages(teamId, id);
  const channel = world.channels.get(id);
  const isHidden = channel?.type !== 'channel' && !channel?.members.has(botUserId);
  if (channel === undefined || channel.teamId !== teamId || isHidden)
    throw new Refusal('channel_not_found');
  if (channel.isArchived && asMember) throw new Refusal('is_archived');
  if (asMember && !channel.members.has(botUserId)) throw new Refusal('not_in_channel');
  return channel;
}

/** The scope for what is read in a channel: `channels:history`, `im:read` and so on. */
export function scopeByChannel(world: Workspace, what: 'history' | 'read', key = 'channel') {
  const names = { channel: 'channels', group: 'groups', im: 'im', mpim: 'mpim' };
  return (args: Answer): readonly string[] => {
    const type = world.channels.get(String(args[key]))?.type;
    return type === undefined ? [] : [`${names[type]}:${what}`];
  };
}
