import { z } from 'zod';
import { named } from './blocks.ts';
import { checkView } from './message-limits.ts';
import { type Method, method, Refusal } from './methods.ts';
import type { Triggers } from './triggers.ts';
import type { OpenView, Workspace } from './workspace.ts';

/** Of `views.*` and `assistant.threads.*`. */
export function viewMethods(world: Workspace, triggers: Triggers): Record<string, Method> {
  const opened = z.object({ trigger_id: z.string(), view: z.unknown() });
  const open = method(opened, [], (args, { teamId }) => {
    const view = checkView(args.view, 'modal');
    const userId = triggers.take(args.trigger_id);
    const modal = openView(world, teamId, userId, view);
    world.modals.push(modal);
    return { view: toldOf(world, modal) };
  });
  return {
    'views.open': open,
    'views.push': open,

    'views.update': method(
      z.object({
        view_id: z.string().optional(),
        external_id: z.string().optional(),
        hash: z.string().optional(),
        view: z.unknown(),
      }),
      [],
      ({ view_id, external_id, hash, view: next }, { teamId }) => {
        const modal = world.modals.find(
          ({ id, view, teamId: of }) =>
            of === teamId &&
            (view_id === undefined ? view.external_id === external_id : id === view_id),
        );
        const view = checkView(next, 'modal');
        if (modal === undefined) throw new Refusal('not_found');
        if (hash !== undefined && hash !== modal.hash) throw new Refusal('hash_conflict');
        change(world, modal, view);
        return { view: toldOf(world, modal) };
      },
    ),

    'views.publish': method(
      z.object({ user_id: z.string(), hash: z.string().optional(), view: z.unknown() }),
      [],
      ({ user_id, hash, view: next }, { teamId }) => {
        const view = checkView(next, 'home');
        if (world.users.get(user_id)?.teamId !== teamId) throw new Refusal('user_not_found');
        const known = world.homes.find(({ userId }) => userId === user_id);
        if (known !== undefined && hash !== undefined && hash !== known.hash)
          throw new Refusal('hash_conflict');
        const home = known ?? openView(world, teamId, user_id, view);
        if (known === undefined) world.homes.push(home);
        else change(world, known, view);
        return { view: toldOf(world, home) };
      },
    ),

    'assistant.threads.setStatus': method(
      z.object({
        channel_id: z.string(),
        thread_ts: z.string(),
        status: z.string(),
        loading_messages: z.array(z.string()).max(10).optional(),
      }),
      ['assistant:write', 'chat:write'],
      (args) => setThread(world, args, { status: args.status }),
    ),

    'assistant.threads.setTitle': method(
      z.object({ channel_id: z.string(), thread_ts: z.string(), title: z.string() }),
      ['assistant:write'],
      (args) => setThread(world, args, { title: args.title }),
    ),

    'assistant.threads.setSuggestedPrompts': method(
      z.object({
        channel_id: z.string(),
        thread_ts: z.string().optional(),
        title: z.string().optional(),
        prompts: z
          .array(z.object({ title: z.string().min(1), message: z.string().min(1) }))
          .min(1)
          .max(4),
      }),
      ['assistant:write'],
      (args) => setThread(world, args, { prompts: args.prompts }),
    ),
  };
}

/** A view as Slack tells of it. */
export function toldOf(world: Workspace, { id, hash, teamId, view }: OpenView) {
  return {
    state: { values: {} },
    private_metadata: '',
    callback_id: '',
    ...view,
    id,
    hash,
    team_id: teamId,
    app_id: world.appId,
    bot_id: world.installationOf(teamId).botId,
    root_view_id: id,
    previous_view_id: null,
  };
}

export function openView(
  world: Workspace,
  teamId: string,
  userId: string,
  view: Record<string, unknown>,
): OpenView {
  const id = world.nextId('V');
  return { id, hash: `${id}.1`, teamId, userId, view: withBlockIds(world, view) };
}

/** Another content in the same view. */
export function change(world: Workspace, open: OpenView, view: Record<string, unknown>): void {
  open.view = withBlockIds(world, view);
  open.hash = `${open.id}.${world.nextTs()}`;
}

function withBlockIds(world: Workspace, view: Record<string, unknown>): Record<string, unknown> {
  return { ...view, blocks: named(world, view.blocks) };
}

function setThread(
  world: Workspace,
  { channel_id, thread_ts = '' }: { channel_id: string; thread_ts?: string | undefined },
  change: { status?: string; title?: string; prompts?: unknown },
) {
  if (!world.channels.has(channel_id)) throw new Refusal('channel_not_found');
  const key = `${channel_id} ${thread_ts}`;
  world.threads.set(key, { ...world.threads.get(key), ...change });
  return {};
}
